"""Verify an exported access log without the hub: standard library and `cryptography` alone, nothing imported from `hub`.

    python tools/verify_audit.py EXPORT [--keys audit-keys.json] [--checkpoints FILE]

Takes: an export of `hub audit export`; the public keys and the checkpoints as they were kept elsewhere. Without these two, what
the export says of itself is all there is, and the answer says so. Exit code: 0 it holds, 1 it does not, 2 it cannot be read.
Source: RFC 9162 section 2.1 (tree and proofs), https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note (checkpoints).
"""

import argparse
import json
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MARK = "\u2014 "
NOTHING = bytes(32).hex()
LEAST_YEARS, YEAR = 5, 365 * 86_400 * 1_000_000


class Broken(Exception):
    """The log does not hold; the text says where and why."""


def leaf_of(entry):
    return sha256(b"\x00" + entry).digest()


def node_of(left, right):
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows a leaf at a time, and knows its root: one hash for each full subtree, largest first."""

    def __init__(self):
        self.size, self.roots = 0, []

    def grow(self, leaf):
        at = self.size
        self.roots.append(leaf)
        while at & 1:
            right, left = self.roots.pop(), self.roots.pop()
            self.roots.append(node_of(left, right))
            at >>= 1
        self.size += 1

    def root(self):
        if not self.roots:
            return sha256(b"").digest()
        found = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            found = node_of(left, found)
        return found


def root_of(leaves):
    tree = Tree()
    for leaf in leaves:
        tree.grow(leaf)
    return tree.root()


def rooted(leaf, index, size, path):
    """The root that a path leads to, or None: RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if at % 2 or at == last:
            found = node_of(step, found)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            found = node_of(found, step)
        at, last = at // 2, last // 2
    return found if last == 0 else None


def signature_holds(public, signature, said):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, said)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_keys(origin, keys):
    """Each key is endorsed by the one before it and begins where that ended."""
    if not keys:
        raise Broken("there is no key")
    for former, key in pairwise(keys):
        said = f"{origin}\nnext key\n{key['public']}\n{key['since']}\n".encode()
        if former["until"] != key["since"] or not signature_holds(former["public"], bytes.fromhex(key["endorsed"]), said):
            raise Broken("a key does not follow the one before it")


def read_checkpoint(note, origin, keys):
    """{shard: (size, root)}, time and what it follows, once the signature holds by the key of its time."""
    text, _, last = note.partition("\n\n")
    text += "\n"
    lines = text.splitlines()
    try:
        named, size, root, *shards, time, before = lines
        heads = {}
        for line in shards:
            word, shard, count, its_root = line.split(" ")
            if word != "shard" or int(shard) in heads:
                raise ValueError(word)
            heads[int(shard)] = (int(count), b64decode(its_root, validate=True))
        if time[:5] != "time " or before[:7] != "before ":
            raise ValueError(time)
        at, before = int(time[5:]), before[7:]
    except ValueError:
        raise Broken("it is not written as a checkpoint") from None
    over_all = root_of([leaf_of(f"{shard} {count} {its_root.hex()}".encode()) for shard, (count, its_root) in heads.items()])
    if int(size) != sum(count for count, _ in heads.values()) or root != b64encode(over_all).decode():
        raise Broken("its root is not that of its shards")
    check_signed(named, text, last, at, origin, keys)
    return heads, at, before


def check_signed(named, text, last, at, origin, keys):
    """A text of the log is signed by the key that was the log's when it was said."""
    mark, _, signature = last.removesuffix("\n").rpartition(" ")
    if named != origin or mark != MARK + origin:
        raise Broken("it is of another log")
    try:
        signature = b64decode(signature, validate=True)
    except ValueError:
        raise Broken("it is not signed as it should be") from None
    for key in keys:
        if sha256(origin.encode() + b"\n\x01" + bytes.fromhex(key["public"])).digest()[:4] == signature[:4]:
            if not signature_holds(key["public"], signature[4:], text.encode()):
                raise Broken("its signature does not hold")
            if at < key["since"] or (key["until"] is not None and at >= key["until"]):
                raise Broken("it is signed by a key that was not the log's at its time")
            return
    raise Broken("it is signed by a key that is not known")


def read_removals(notes, origin, keys, checkpoints):
    """What the last removal left of each shard, {shard: (Tree, lists, their root)}, and when; each fits its checkpoint."""
    named = {sha256(text.encode()).hexdigest(): (heads, at) for heads, at, text, *_ in checkpoints}
    left, before, since = {}, "-", 0
    for number, note in enumerate(notes, 1):
        text, _, last = note.partition("\n\n")
        text += "\n"
        try:
            left, at, years, reached, follows = read_removal(text, last, origin, keys)
            if follows != before or at < since:
                raise Broken("it does not follow the one before it")
            if reached not in named:
                raise Broken("there is no checkpoint that it reaches to")
            heads, signed_at = named[reached]
            if at - signed_at < max(LEAST_YEARS, years) * YEAR:
                raise Broken("it came before the time of retention had passed")
            if {shard: (tree.size, tree.root()) for shard, (tree, _, _) in left.items()} != heads:
                raise Broken("what it left is not the tree of its checkpoint")
        except Broken as fault:
            raise Broken(f"removal {number}: {fault}") from None
        before, since = sha256(note.encode()).hexdigest(), at
    return left, since


def read_removal(text, last, origin, keys):
    """What each shard was left with, when, the shortest retention, the checkpoint's digest, and what it follows."""
    left, years = {}, []
    try:
        named, word, reached, *rest, time, before = text.splitlines()
        for line in rest:
            kind, *said = line.split(" ")
            if kind == "shard":
                shard, size, roots, lists, root = said
                roots = b64decode(roots[1:], validate=True)
                tree = Tree()
                tree.size, tree.roots = int(size), [roots[at : at + 32] for at in range(0, len(roots), 32)]
                if len(tree.roots) != tree.size.bit_count() or len(roots) % 32:
                    raise ValueError(shard)
                left[int(shard)] = (tree, int(lists), b64decode(root[1:], validate=True))
            elif kind == "kept":
                years += [int(said[1])] if int(said[2]) else []
            else:
                raise ValueError(kind)
        if (word, reached[:11], time[:5], before[:7]) != ("removal", "checkpoint ", "time ", "before "):
            raise ValueError(word)
        at = int(time[5:])
    except ValueError:
        raise Broken("it is not written as a removal") from None
    check_signed(named, text, last, at, origin, keys)
    return left, at, min(years, default=LEAST_YEARS), reached[11:], before[7:]


def list_leaf(ended):
    """By what a removal counts the end of one list."""
    return leaf_of(f"{ended['key']} {ended['number']} {ended['leaf']}".encode())


def read_checkpoints(notes, origin, keys, chosen=False):
    """All of them: heads, time, text, note, and what it follows; each following the one before it, unless they are only some of
    the log's, as an export carries them."""
    found, before = [], "-"
    for number, note in enumerate(notes, 1):
        try:
            heads, at, follows = read_checkpoint(note, origin, keys)
            if follows != before and not chosen:
                raise Broken("it does not follow the one before it")
            if found and not continues(found[-1], heads, at):
                raise Broken("it says less than the one before it")
        except Broken as fault:
            raise Broken(f"checkpoint {number}: {fault}") from None
        found.append((heads, at, note.partition("\n\n")[0] + "\n", note, follows))
        before = sha256(note.encode()).hexdigest()
    if not found:
        raise Broken("there is no checkpoint")
    return found


def continues(former, heads, at):
    """Whether what a checkpoint says may come after what a former one says."""
    grown = (heads.get(shard, (-1, b"")) for shard in former[0])
    pairs = zip(former[0].values(), grown, strict=True)
    return at >= former[1] and all(old[0] < new[0] or old == new for old, new in pairs)


def beyond(kept, carried):
    """What an export carries beyond the row that was kept, and whether its last is shown to follow on that row."""
    held, more = {note for *_, note, _ in kept}, []
    for each in carried:
        if each[3] not in held:
            if not continues((kept + more)[-1], *each[:2]):
                raise Broken("the checkpoints in the export are others than those that were kept")
            more.append(each)
    row = kept[-1:] + more
    return more, all(sha256(old[3].encode()).hexdigest() == new[4] for old, new in pairwise(row))


def split_notes(content):
    notes, held = [], ""
    for line in content.splitlines(keepends=True):
        held += line
        if line.startswith(MARK):
            notes.append(held)
            held = ""
    if held:
        raise Broken("the file of checkpoints ends within one")
    return notes


def named(pairs):
    """A JSON object, each of whose names stands there once: by which of two it is read, nobody could say."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Broken("a line says something twice")
    return found


class Lists:
    """The list of each patient key in one shard: what its last entry was."""

    def __init__(self):
        self.last, self.at, self.older, self.versioned = {}, 0, 0, False

    def check(self, where, content, leaf):
        if content.get("at", -1) < self.at:
            raise Broken(f"{where} is older than the one before it")
        self.at = content["at"]
        if "v" not in content:
            if self.versioned:
                raise Broken(f"{where} has the form of entries long before it")
            self.older += 1  # of the first form: its list cannot be told from its text
            return
        self.versioned = True
        key, place = content.get("key"), (content.get("number"), content.get("prev"))
        number, before = self.last.get(key, (0, NOTHING))
        if place != (number + 1, before) and (number or not self.older):
            raise Broken(f"{where} does not follow the one before it in the same patient's list")
        self.last[key] = (content["number"], leaf.hex())


def begin(lines, left):
    """Trees and lists as they go on from what was removed, the ends of the lists being those that were signed."""
    trees, lists, ends = {}, {}, {}
    for shard, (tree, _, _) in left.items():
        trees[shard], lists[shard], ends[shard] = tree, Lists(), Tree()
    for line in lines:
        if "ended" in line:
            if line["shard"] not in left:
                raise Broken("a list is said to have ended where nothing was removed")
            ended = line["ended"]
            ends[line["shard"]].grow(list_leaf(ended))
            lists[line["shard"]].last[ended["key"]] = (ended["number"], ended["leaf"])
    for shard, (_, count, root) in left.items():
        if (ends[shard].size, ends[shard].root()) != (count, root):
            raise Broken("the ends of the lists that were removed are not those that were signed")
    return trees, lists


def check_whole(lines, checkpoints, left):
    wanted = {}
    for number, (heads, *_) in enumerate(checkpoints, 1):
        for shard, (size, root) in heads.items():
            wanted.setdefault(shard, {}).setdefault(size, (number, root))
    (trees, lists), count = begin(lines, left), 0
    for line in lines:
        if "ended" in line:
            continue
        shard = line["shard"]
        tree, where = trees.setdefault(shard, Tree()), f"shard {shard}, entry {line['seq']}"
        if line["seq"] != tree.size:
            raise Broken(f"shard {shard}, entry {tree.size} is missing")
        text = line["entry"].encode()
        content, leaf = json.loads(text, object_pairs_hook=named), leaf_of(text)
        if (content.get("seq"), content.get("shard", shard)) != (tree.size, shard):
            raise Broken(f"{where} lies in another's place")
        lists.setdefault(shard, Lists()).check(where, content, leaf)
        tree.grow(leaf)
        count += 1
        number, root = wanted.get(shard, {}).get(tree.size, (0, b""))
        if number and tree.root() != root:
            raise Broken(f"the log up to {where} is another than checkpoint {number} says")
    for shard in trees | wanted:
        held, signed = trees[shard].size if shard in trees else 0, max(wanted.get(shard, ()), default=0)
        if held < signed:
            raise Broken(f"shard {shard} ends at entry {held - 1}, and a checkpoint counts {signed}")
        if held > signed:
            raise Broken(f"shard {shard}, entry {signed} is under no checkpoint")
    return count, sum(each.older for each in lists.values())


def check_part(lines, checkpoints, kind, left):
    """Each entry stands in the last checkpoint's tree; of a list, also that none is left out. How many, and how many of them are
    not shown."""
    heads, count, unshown, last, key = checkpoints[-1][0], 0, 0, None, None
    for line in lines:
        if "ended" in line:
            last, key = check_ended(line, left), line["ended"]["key"]
            continue
        where = f"shard {line['shard']}, entry {line['seq']}"
        size, root = heads.get(line["shard"], (0, b""))
        leaf = leaf_of(line["entry"].encode()) if "entry" in line else bytes.fromhex(line["leaf"])
        if rooted(leaf, line["seq"], size, [bytes.fromhex(step) for step in line["path"]]) != root:
            raise Broken(f"{where} is not in the tree of the last checkpoint")
        content = json.loads(line["entry"], object_pairs_hook=named) if "entry" in line else None
        if content is not None and content.get("seq") != line["seq"]:
            raise Broken(f"{where} lies in another's place")
        if kind == "list":
            number, before = last or (0, NOTHING)
            if content is not None and "v" in content:
                key = content["key"] if key is None else key
                if content["key"] != key:
                    raise Broken(f"{where} is of another patient's list")
                if (content["number"], content["prev"]) != (number + 1, before):
                    raise Broken(f"{where} does not follow the one before it: {content['number'] - number - 1} left out")
            last = (number + 1, leaf.hex())
        count, unshown = count + 1, unshown + (content is None)
    return count, unshown


def check_ended(line, left):
    """Number and leaf hash of the last entry of a list that was removed, as the last removal signed it."""
    _, count, root = left.get(line["shard"], (None, 0, b""))
    ended, path = line["ended"], [bytes.fromhex(step) for step in line["path"]]
    if rooted(list_leaf(ended), line["index"], count, path) != root:
        raise Broken("where the list goes on from is not what the removal signed")
    return ended["number"], ended["leaf"]


def verify(export, keys_content=None, checkpoints_content=None):
    """What can be said of an export, in sentences. Raises: Broken."""
    header, *lines = [json.loads(line, object_pairs_hook=named) for line in export.split("\n") if line]
    if header.get("export") != 1:
        raise ValueError("this is not an export of an access log")
    counted, told = (lines.pop() if lines else {}).get("entries"), []
    if any("entries" in line for line in lines):
        raise Broken("there is more in the export after its count")
    held = json.loads(keys_content) if keys_content else header
    origin, keys = held["origin"], held["keys"]
    if header["origin"] != origin:
        raise Broken("the export is of another log")
    check_keys(origin, keys)
    checkpoints = carried = read_checkpoints(header["checkpoints"], origin, keys, chosen=True)
    follows = True
    if checkpoints_content:
        kept = read_checkpoints(split_notes(checkpoints_content), origin, keys)
        more, follows = beyond(kept, carried)
        checkpoints = kept + more
    left, removed_at = read_removals(header.get("removals", []), origin, keys, checkpoints)
    removed = sum(tree.size for tree, _, _ in left.values())
    if header["kind"] == "whole":
        count, older = check_whole(lines, checkpoints, left)
        if older:
            told.append(f"The first {older} entries are of a form that does not name its patient's list.")
    else:
        count, unshown = check_part(lines, carried, header["kind"], left)
        if unshown:
            told.append(f"{unshown} of them are shown by their hash alone: what they say cannot be shown.")
        if not follows:
            told.append(
                "Its last checkpoint is newer than those that were kept: that it goes on from them, only later ones show."
            )
    if counted != count:
        raise Broken("the export was cut off, or its count is not that of its entries")
    told.insert(0, f"{count} entries hold, under {len(checkpoints)} checkpoints, the last of {checkpoints[-1][1]} microseconds.")
    if removed:
        told.append(
            f"The first {removed} entries were removed at {removed_at} microseconds, as signed: what they said cannot be shown."
        )
    if header["kind"] == "list":
        told.append("No entry is left out before the last one shown, unless the log as a whole holds two lists of one patient.")
    if header["kind"] == "part":
        told.append("That nothing else was to be shown is not proven by a part of the log.")
    if not keys_content:
        told.append("The keys are the export's own word: give --keys as they were kept elsewhere.")
    if not checkpoints_content:
        told.append("The checkpoints are the export's own word: a log cut off together with them does not show.")
    return told


def main(arguments):
    parser = argparse.ArgumentParser(description="Verify an exported access log.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--keys", type=Path, help="public keys as they were kept elsewhere")
    parser.add_argument("--checkpoints", type=Path, help="checkpoints as they were kept elsewhere")
    given = parser.parse_args(arguments)
    try:
        texts = [path.read_text("utf-8") if path else None for path in (given.export, given.keys, given.checkpoints)]
        told = verify(*texts)
    except Broken as fault:
        sys.stdout.write(f"IT DOES NOT HOLD: {fault}\n")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        sys.stdout.write(f"it cannot be read: {type(fault).__name__}\n")
        return 2
    sys.stdout.write("\n".join(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
