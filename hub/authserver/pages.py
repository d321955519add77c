"""The two pages of the server, in Swedish and English. Its only door to jinja2."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

LANGUAGES = ("sv", "en")
HERE = Path(__file__).parent
STYLE = (HERE / "static" / "signin.css").read_bytes()

WORDS: Mapping[str, Mapping[str, str]] = {
    "sv": {
        "title": "Logga in",
        "to": "Du loggar in till",
        "choose": "Välj vem du är",
        "choose_commission": "Välj uppdrag",
        "password_heading": "Logga in med lösenord",
        "name": "Användarnamn",
        "password": "Lösenord",
        "sign_in": "Logga in",
        "cancel": "Avbryt",
        "patient": "Patient",
        "guardian": "Vårdnadshavare",
        "agent": "Ombud",
        "other_language": "In English",
        "wrong": "Användarnamnet eller lösenordet stämmer inte.",
        "stale": "Sidan hade blivit för gammal. Försök igen.",
        "throttled": "För många försök. Vänta en minut och försök igen.",
        "problem": "Inloggningen kan inte börja",
        "problem_text": "Länken hit är felaktig: programmet är okänt, eller vill ha svaret till en adress som inte är anmäld. "
        "Inget har skickats vidare. Gå tillbaka och försök igen.",
    },
    "en": {
        "title": "Sign in",
        "to": "You are signing in to",
        "choose": "Choose who you are",
        "choose_commission": "Choose a commission",
        "password_heading": "Sign in with a password",
        "name": "User name",
        "password": "Password",
        "sign_in": "Sign in",
        "cancel": "Cancel",
        "patient": "Patient",
        "guardian": "Guardian",
        "agent": "Agent",
        "other_language": "På svenska",
        "wrong": "The user name or the password is not right.",
        "stale": "The page had grown too old. Try again.",
        "throttled": "Too many attempts. Wait a minute and try again.",
        "problem": "Sign-in cannot begin",
        "problem_text": "The link here is not right: the application is unknown, or wants the answer at an address that is not "
        "registered. Nothing has been sent on. Go back and try again.",
    },
}

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(name: str, language: str, **values: Any) -> str:
    """The page `name` (`signin`, `problem`) in `language`."""
    return _environment.get_template(f"{name}.html").render(words=WORDS[language], language=language, **values)


def language(asked: str, accepted: str) -> str:
    """The language of a page: `?lang=` before the browser's wish, Swedish where neither is ours."""
    for word in [*asked.split(), *_wishes(accepted)]:
        if word[:2].lower() in LANGUAGES:
            return word[:2].lower()
    return LANGUAGES[0]


def _wishes(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, most wanted first."""
    rows = [row.strip().partition(";q=") for row in accepted[:500].split(",")]
    return [word for word, _, weight in sorted(rows, key=lambda row: _weight(row[2]), reverse=True) if _weight(weight) > 0]


def _weight(written: str) -> float:
    try:
        return float(written or "1")
    except ValueError:
        return 0.0
