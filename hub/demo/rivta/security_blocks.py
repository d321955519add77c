"""The blocking service: informationsecurity:authorization:blocking 4.0."""

from collections.abc import Callable, Iterable, Iterator

from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.security_parts import Holding, Inside, id_of, number_of, patient_id, read, reader_of, result, written
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request
from hub.demo.world import access

_DOMAIN = "urn:riv:informationsecurity:authorization:blocking"
BLOCKING = Vocabulary(f"{_DOMAIN}:4")
_DESCRIBED = {"lak": "Läkemedel - Ordination/förskrivning", "upp": "Uppmärksamhetsinformation"}


def contracts(held: Holding) -> tuple[Contract, ...]:
    """Its two contracts."""
    return _blocking("GetBlocks", held, _blocks, "blockHeader"), _blocking(
        "CheckBlocks", held, _check_blocks, "checkBlocksResult"
    )


def _blocks(held: Holding, request: Request, numbers: tuple[str, ...]) -> Inside:
    wanted = {each.upper() for each in request.all("careProviderIds")}
    found = (each for each in held.blocks if each.active and each.person in numbers)
    told = [_block(held, each) for each in found if not wanted or each.provider.upper() in wanted]
    now = written(held.now())
    return (*told, BLOCKING("nextCreatedOnOrAfter", now), BLOCKING("latestCancellation", now))


def _block(held: Holding, each: access.Block) -> Element:
    core = BLOCKING
    revokes = [one for one in held.revokes if one.block == each.key and held.now() <= one.end]
    return core.root(
        "blocks",
        core("blockId", id_of("block", each.key)),
        core("blockType", each.kind.title()),
        core("informationStartDate", written(each.information_from) if each.information_from else None),
        core("informationEndDate", written(each.information_to) if each.information_to else None),
        core("informationCareUnitId", each.unit or None),
        core("informationCareProviderId", each.provider),
        patient_id(core, each.person),
        *(
            core("excludedInformationTypes", core("infoTypeId", kind), core("infoTypeDescription", _DESCRIBED[kind]))
            for kind in each.excludes
        ),
        *(
            core(
                "temporaryRevokes",
                core("temporaryRevokeId", id_of("revoke", one.block, one.unit, one.staff)),
                core("endDate", written(one.end)),
                core("revokedForCareUnitId", one.unit),
                core("revokedForEmployeeId", one.staff or None),
            )
            for one in revokes
        ),
        core("ownerId", "SIMULATED"),
    )


def _check_blocks(held: Holding, request: Request, numbers: tuple[str, ...]) -> Inside:
    reader = reader_of(request, "accessingActor", BLOCKING, "employeeId", "careProviderId", "careUnitId")
    standing = [each for each in held.blocks if each.active and each.person in numbers]
    return tuple(_checked(held, standing, reader, row) for row in _entities(request))


def _checked(
    held: Holding, standing: Iterable[access.Block], reader: tuple[str, str, str], row: dict[str, str]
) -> Element | None:
    closed = any(_closes(held, each, reader, row) for each in standing)
    return BLOCKING("checkResults", BLOCKING("status", "BLOCKED" if closed else "OK"), BLOCKING("rowNumber", row["rowNumber"]))


def _closes(held: Holding, block: access.Block, reader: tuple[str, str, str], row: dict[str, str]) -> bool:
    """Whether a block closes an entity to a reader: the five steps of the contract."""
    employee, provider, unit = reader
    if block.provider.upper() != row["informationCareProviderId"].upper() or row.get("informationType") in block.excludes:
        return False
    if block.kind == "inner" and (block.unit.upper() != row["informationCareUnitId"].upper() or unit == block.unit.upper()):
        return False
    if block.kind == "outer" and provider == block.provider.upper():
        return False
    start, end = read(row["informationStartDate"]), read(row["informationEndDate"])
    if (block.information_from and end and end < block.information_from) or (
        block.information_to and start and start > block.information_to
    ):
        return False
    lifted = (one for one in held.revokes if one.block == block.key and held.now() <= one.end and one.unit.upper() == unit)
    return not any(one.staff.upper() in ("", employee) for one in lifted)


def _entities(request: Request) -> Iterator[dict[str, str]]:
    for each in request.parameters.iterfind(f"{{{request.namespace}}}informationEntities"):
        yield {part.tag.rpartition("}")[2]: (part.text or "").strip() for part in each}


def _blocking(operation: str, held: Holding, answer: Callable[..., Inside], name: str) -> Contract:
    outer = Vocabulary(f"{_DOMAIN}:{operation}Responder:4")

    def told(request: Request, numbers: tuple[str, ...]) -> Element:
        inside = outer.root(name, result(BLOCKING, BLOCKING, "OK"), *answer(held, request, numbers))
        return outer.root(f"{operation}Response", inside)

    def refused(message: str) -> Element:
        now = written(held.now())
        more = (BLOCKING("nextCreatedOnOrAfter", now), BLOCKING("latestCancellation", now)) if operation == "GetBlocks" else ()
        return outer.root(f"{operation}Response", outer.root(name, result(BLOCKING, BLOCKING, "ERROR", message), *more))

    return Contract(operation, outer.uri, lambda request: number_of(request, BLOCKING), told, refused)
