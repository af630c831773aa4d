"""The command line: reads options, calls the library, writes the result. Nothing heavy is imported until it is used."""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

import logscan
from logscan import terminal
from logscan.errors import OutputError, SelectionError
from logscan.terminal import EXIT_CODES, ExitCode

if TYPE_CHECKING:
    from logscan.analysis import Analysis, Selection
    from logscan.report.wording import Wording
    from logscan.settings import Settings
    from logscan.tables import Logs


class Format(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "md"
    HTML = "html"


class Language(StrEnum):
    """In which words."""

    ENGLISH = "en"
    JAPANESE = "ja"


app = typer.Typer(
    name="logscan",
    help=(
        "Was this Azure VPN tunnel drop maintenance, our own change, the other side, or a support case?\n\n"
        "Reads the gateway's diagnostic logs, finds the drops, matches them with logged maintenance, and says what to do.\n\n"
        "Start with: logscan demo"
    ),
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The `logscan` command."""
    try:
        terminal.prepare_streams()
        app()
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user: the last line of defence
        terminal.fail(error)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer's callback
    if asked:
        typer.echo(f"logscan {logscan.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


# ------------------------------------------------------------------------------------------------------------ options


_YEARS: Final = range(1990, 2200)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"not a time: {text!r}; write 2026-11-24T03:00+09:00, or with Z for UTC") from None
    if moment.year not in _YEARS:
        raise typer.BadParameter(f"no log is from then: {text!r}")
    if moment.tzinfo is None:
        here = moment.astimezone()
        raise typer.BadParameter(
            f"{text!r} names no zone; write {here.isoformat(timespec='minutes')} for this machine's zone, "
            f"or {moment.isoformat(timespec='minutes')}Z for UTC"
        )
    return moment


def _duration(text: str) -> timedelta:
    from logscan.settings import read_duration

    try:
        return read_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _tolerance(text: str) -> timedelta:
    from logscan.settings import read_tolerance

    try:
        return read_tolerance(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _zone(text: str) -> str:
    from logscan.settings import read_zone

    try:
        return read_zone(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _week(text: str) -> str:
    found = re.fullmatch(r"(\d{4})-W(\d\d)", text)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if not monday or monday.year not in _YEARS:
        raise typer.BadParameter(f"not an ISO week: {text!r}; write 2026-W47")
    return text


Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Archive folders or files: PT1H.json, JSON, JSON lines, CSV, each also gzipped; - reads standard input.",
    ),
]
From = Annotated[
    datetime | None,
    typer.Option(
        "--from", parser=_time, metavar="TIME", help="Show drops that start at or after this: ISO 8601 with offset."
    ),
]
To = Annotated[
    datetime | None, typer.Option("--to", parser=_time, metavar="TIME", help="Show drops that start before this.")
]
Last = Annotated[
    timedelta | None,
    typer.Option("--last", parser=_duration, metavar="7d", help="Show drops of the time before now: 90m, 36h, 7d, 2w."),
]
Week = Annotated[
    str | None,
    typer.Option("--week", parser=_week, metavar="2026-W47", help="Show drops of an ISO week, Monday 00:00 in --tz."),
]
Gateways = Annotated[
    list[str] | None,
    typer.Option("--gateway", "-g", help="Show only this gateway, by name or resource id. Repeatable."),
]
Peers = Annotated[
    list[str] | None,
    typer.Option("--peer", help="Show only this peer, by address or name in logscan.toml. Repeatable."),
]
Tolerance = Annotated[
    timedelta | None,
    typer.Option(
        parser=_tolerance,
        metavar="15m",
        envvar="LOGSCAN_TOLERANCE",
        help="How far a matching event may be from a drop's start, before or after. Default: 15m.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        envvar="LOGSCAN_CONFIG",
        help="Settings file. Default: logscan.toml in this folder, if there is one.",
        show_default=False,
    ),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--tz",
        parser=_zone,
        metavar="Asia/Tokyo",
        envvar="LOGSCAN_TZ",
        help="Zone shown beside UTC. Default: zone in logscan.toml, else this machine's.",
    ),
]
Lang = Annotated[Language, typer.Option(envvar="LOGSCAN_LANG", help="Language of the result.")]
Form = Annotated[Format, typer.Option("--format", "-f", envvar="LOGSCAN_FORMAT", help="How the result is written.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write the result to this file instead of stdout.")]
ExitCodeOption = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if a case is to be opened.")]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Exit with 4 if the data are incomplete: lines not read, a time not covered, a gateway log missing, "
        "with a gap around a drop, or still arriving.",
    ),
]


# ----------------------------------------------------------------------------------------------------------- commands


@app.command(epilog=EXIT_CODES)
def drops(
    sources: Sources,
    begin: From = None,
    end: To = None,
    last: Last = None,
    week: Week = None,
    gateway: Gateways = None,
    peer: Peers = None,
    tolerance: Tolerance = None,
    config: Config = None,
    tz: Zone = None,
    lang: Lang = Language.ENGLISH,
    form: Form = Format.TABLE,
    output: Output = None,
    exit_code: ExitCodeOption = False,
    strict: Strict = False,
) -> None:
    """Find the tunnel drops in log files, and say what each one was and what to do about it.

    Drops to act on come first, marked !! (open a case) and ! (check something). Every option that chooses drops only
    chooses what is shown: pairing and matching look at all the data.
    """
    if "" in sources:
        raise typer.BadParameter("a source without a name; is a shell variable empty?", param_hint="SOURCE...")
    if sources.count("-") > 1:
        raise typer.BadParameter("standard input can be read once only", param_hint="SOURCE...")
    settings = _settings(config, tolerance, tz)
    chosen = _interval(begin, end, last, week, settings.zone)
    _refuse_html_on_terminal(form, output)
    logs = _read(sources, settings)
    selection = _selection(chosen, gateway or (), peer or (), logs, settings)
    _finish(logs, settings, selection, lang, form, output, exit_code=exit_code, strict=strict)


@app.command(epilog=EXIT_CODES)
def demo(
    tz: Zone = None,
    lang: Lang = Language.ENGLISH,
    form: Form = Format.TABLE,
    output: Output = None,
) -> None:
    """Analyse a small synthetic archive that comes with logscan: two weeks of three gateways.

    The quickest way to see what an answer looks like. Its logs are invented, in the layout of a storage account.
    """
    from importlib.resources import as_file, files

    from logscan.analysis import Selection
    from logscan.settings import read_settings
    from logscan.texts import say

    _refuse_html_on_terminal(form, output)
    with as_file(files("logscan") / "sample") as sample:
        settings = read_settings(sample / "logscan.toml")
        settings = replace(settings, zone=tz or settings.zone)
        logs = _read([str(sample / "archive")], settings)
        terminal.say_line(say(lang, "note", "sample"))
        _finish(logs, settings, Selection(), lang, form, output)
    terminal.say_line("")
    terminal.say_line(say(lang, "note", "next"))


@app.command()
def rules(
    config: Config = None,
    lang: Lang = Language.ENGLISH,
    form: Annotated[Format, typer.Option("--format", "-f", help="table, md or json.")] = Format.TABLE,
    output: Output = None,
) -> None:
    """Print the rules that name a cause, and the policy that chooses the action, with the source and date of each."""
    from logscan.report.rulebook import rulebook, to_json, to_markdown

    policy = _settings(config, None, None).policy
    if form is Format.TABLE:
        _write(terminal.rules_for_people(rulebook(policy, lang)), output)
    elif form is Format.MARKDOWN:
        _write(to_markdown(rulebook(policy, lang)), output)
    elif form is Format.JSON:
        _write(to_json(policy), output)
    else:
        raise typer.BadParameter(f"rules are written as table, md or json, not {form}", param_hint="--format")


# ---------------------------------------------------------------------------------------------------------- their steps


def _settings(config: Path | None, tolerance: timedelta | None, tz: str | None) -> "Settings":
    from logscan.settings import DEFAULT_FILE, Settings, read_settings

    if config is None and os.path.isfile(DEFAULT_FILE):  # noqa: PTH113 - False where the folder cannot be read
        config = Path(DEFAULT_FILE)
        terminal.note(f"settings from {DEFAULT_FILE} in this folder")
    settings = read_settings(config) if config else Settings()
    return replace(
        settings,
        tolerance=settings.tolerance if tolerance is None else tolerance,
        zone=settings.zone if tz is None else tz,
    )


def _interval(
    begin: datetime | None, end: datetime | None, last: timedelta | None, week: str | None, zone: str
) -> tuple[datetime | None, datetime | None]:
    asked = [
        name for name, value in (("--from/--to", begin or end), ("--last", last), ("--week", week)) if value is not None
    ]
    if len(asked) > 1:
        raise typer.BadParameter(f"{' and '.join(asked)} contradict each other; give one of them")
    if last is not None:
        now = datetime.now(UTC)
        if last > timedelta(days=365 * 30):
            raise typer.BadParameter("--last: at most 30 years")
        return now - last, now
    if week is not None:
        first = date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)
        monday, tz = datetime(first.year, first.month, first.day), _tzinfo(zone)  # noqa: DTZ001 - the zone follows
        return _in_zone(monday, tz), _in_zone(monday + timedelta(days=7), tz)
    if begin and end and begin >= end:
        raise typer.BadParameter(f"--from {begin.isoformat()} is not before --to {end.isoformat()}")
    return begin, end


def _tzinfo(zone: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    return ZoneInfo(zone) if zone else None


def _in_zone(wall_time: datetime, zone: tzinfo | None) -> datetime:
    """That wall-clock time in the zone, or in the machine's own."""
    return wall_time.replace(tzinfo=zone) if zone else wall_time.astimezone()


def _refuse_html_on_terminal(form: Format, output: Path | None) -> None:
    if form is Format.HTML and output is None and sys.stdout.isatty():
        raise typer.BadParameter("a page belongs in a file: add --output drops.html", param_hint="--format")


def _read(sources: Sequence[str], settings: "Settings") -> "Logs":
    from logscan.sources.archive import read_archive

    with terminal.reading_progress() as show:
        return read_archive(*sources, on_progress=show, processes=min(_processors(), 8), tolerance=settings.tolerance)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _selection(
    interval: tuple[datetime | None, datetime | None],
    gateways: Sequence[str],
    peers: Sequence[str],
    logs: "Logs",
    settings: "Settings",
) -> "Selection":
    from logscan.analysis import Selection
    from logscan.report.wording import gateway_name

    known = sorted({*logs.records["resource"].unique().tolist(), *logs.heartbeats["resource"].unique().tolist()} - {""})
    known = [
        resource for resource in known if "/connections/" not in resource and "/localnetworkgateways/" not in resource
    ]
    names = {
        name: [resource for resource in known if gateway_name(resource) == name] for name in map(gateway_name, known)
    }
    addresses = sorted(set(logs.records["remote_ip"].unique().tolist()) - {""})
    named = {settings.peer_name(address) or address: [address] for address in addresses}
    return Selection(
        *interval,
        gateways=[
            found
            for asked in gateways
            for found in (
                [asked.lower()] if asked.lower() in known else _look_up("gateway", asked.upper(), asked, names)
            )
        ],
        peers=[
            found
            for asked in peers
            for found in ([asked] if asked in addresses else _look_up("peer", asked, asked, named))
        ],
    )


def _look_up(what: str, key: str, asked: str, known: dict[str, list[str]]) -> list[str]:
    if key in known:
        return known[key]
    near = get_close_matches(key, known, n=1)
    advice = f"did you mean {near[0]}? " if near else ""
    shown = ", ".join(list(known)[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")  # noqa: PLR2004 - enough to read
    raise SelectionError(f"no {what} {asked!r} in the data; {advice}known: {shown or 'none'}")


def _finish(
    logs: "Logs",
    settings: "Settings",
    selection: "Selection",
    lang: str,
    form: Format,
    output: Path | None,
    *,
    exit_code: bool = False,
    strict: bool = False,
) -> None:
    from logscan.analysis import analyze
    from logscan.report.clock import Clock
    from logscan.report.wording import Wording

    analysis = analyze(logs, settings=settings, selection=selection)
    wording = Wording(analysis, lang, Clock(settings.zone))
    _write(_WRITERS[form](wording), output)
    for line in [wording.summary(), *wording.scope()]:
        terminal.say_line(line)
    for text in wording.notes():
        terminal.note(text)
    if stale := wording.stale_policy(datetime.now(UTC).date()):
        terminal.note(stale)
    if strict and (missing := _incomplete(analysis, wording)):
        terminal.note(f"--strict: {'; '.join(missing)}")
        raise typer.Exit(ExitCode.INCOMPLETE)
    if exit_code and analysis.summary["open_case"]:
        raise typer.Exit(ExitCode.TO_ACT_ON)


def _incomplete(analysis: "Analysis", wording: "Wording") -> list[str]:
    """What --strict finds wanting."""
    counts = analysis.summary
    unproven = int((analysis.drops["coverage"] != "proven").sum())
    found = {
        f"lines not read: {counts['malformed']}": counts["malformed"],
        f"drops whose gateway log is missing or has a gap: {unproven}": unproven,
        f"provisional drops: {counts['provisional']}": counts["provisional"],
        f"gateways without a tunnel log: {len(analysis.gateways_without_tunnel_log)}": len(
            analysis.gateways_without_tunnel_log
        ),
        "the data do not cover the time asked for": wording.asks_beyond_the_data(),
    }
    return [text for text, count in found.items() if count]


def _table(wording: "Wording") -> str:
    from logscan.report.markdown import table_columns

    return terminal.drops_for_people(wording, table_columns(wording))


def _json(wording: "Wording") -> str:
    from logscan.report.data import to_json

    return to_json(wording, generated_at=datetime.now(UTC))


def _csv(wording: "Wording") -> str:
    from logscan.report.data import to_csv

    return to_csv(wording)


def _markdown(wording: "Wording") -> str:
    from logscan.report.markdown import to_markdown

    return to_markdown(wording)


def _html(wording: "Wording") -> str:
    from logscan.report.page import to_html

    return to_html(wording, generated_at=datetime.now(UTC))


_WRITERS: Final[dict[Format, Callable[["Wording"], str]]] = {
    Format.TABLE: _table,
    Format.JSON: _json,
    Format.CSV: _csv,
    Format.MARKDOWN: _markdown,
    Format.HTML: _html,
}


def _write(text: str, output: Path | None) -> None:
    """To stdout, or to a file that is complete or not there at all."""
    if output is None or str(output) == "-":
        terminal.write_stdout(text)
        return
    temporary = None
    try:
        target = Path(os.path.realpath(output))
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            target.write_text(text, encoding="utf-8")  # a device or a pipe: nothing to rename over
            return
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - it is open already
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(target.stat().st_mode if target.exists() else 0o666 & ~umask)
        Path(temporary).replace(target)
        temporary = None
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {error.strerror}; choose another --output") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    terminal.note(f"wrote {output}")
