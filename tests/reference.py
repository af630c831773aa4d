"""The design's §4 and §5 once more: slowly, obviously, in plain Python.

This is the oracle of the property tests. It was written from the text of ``design.md`` alone, without a look at the
package, and shares nothing with it: standard library only, no vectors, no indices, every question answered by a scan
over all rows. Each function says in its docstring which statement of the design it implements; a paragraph that starts
with "Reading:" says how a statement was taken where the text leaves room.

All times and distances are whole microseconds (µs). The order of the file is the order of the design.
"""

import hashlib
import itertools
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

INCIDENT_GAP = 120 * SECOND
NEAR = 5 * MINUTE
SECOND_INSTANCE_REACH = 60 * MINUTE
COVERAGE_REACH = 45 * DAY
HEARTBEAT_ROWS = 12
HEARTBEAT_SPACING = 10 * MINUTE
PROVISIONAL_REACH = 30 * MINUTE

TUNNEL_LOG = "tunneldiagnosticlog"
GATEWAY_LOG = "gatewaydiagnosticlog"
HEARTBEAT_LOGS = (GATEWAY_LOG, "routediagnosticlog", "ikediagnosticlog", "p2sdiagnosticlog")

Letter = Literal["C", "D"]
State = Literal["up", "down", "unknown"]
Shape = Literal["failover", "same-instance", "open"]
Kind = Literal["maintenance", "primary-change", "own-change", "administrative", "other"]
Relation = Literal["direct", "second-instance"]
Grade = Literal["near", "wide"]
Verdict = Literal["maintenance", "support-case-candidate"]
Coverage = Literal["proven", "partial", "missing"]


# ----------------------------------------------------------------------------------------- what goes in, what comes out


@dataclass(frozen=True)
class Row:
    """One row of any log, as it was read."""

    time: int  # µs since 1970, already truncated
    gateway: str  # lower-case resource id
    category: str  # e.g. "TunnelDiagnosticLog", any case
    operation: str
    instance: int | None  # 0, 1 or None (already read from text)
    remote_ip: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class World:
    """What settings (or discovery) say."""

    tolerance: int = 15 * MINUTE  # µs
    # gateway -> True (active-active) or False (active-standby); a gateway that is absent is unknown
    active_active: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """§2: one gateway event near one drop, with its signed distance."""

    time: int
    kind: Kind
    relation: Relation
    operation: str
    message: str
    instance: int | None
    gap: int  # µs, event minus start: negative means that the event came first
    grade: Grade


@dataclass(frozen=True)
class Drop:
    """§2: a tunnel's Disconnected and the Connected that ends it, with everything §4 and §5 say about it."""

    id: str
    incident: str
    gateway: str
    remote_ip: str
    instance: int | None
    start: int
    end: int | None
    shape: Shape
    restored_on: int | None
    redundant: bool | None
    outage: int  # µs
    repeats: int
    reason: str
    verdict: Verdict
    coverage: Coverage
    provisional: bool
    matches: list[Match]


@dataclass(frozen=True)
class Answer:
    """All drops in the design's order, and the count of every row that went into none."""

    drops: list[Drop]
    unpaired_connects: int
    unpaired_disconnects: int
    contradictions: int
    duplicates: int
    unreadable: int
    end_of_data: int | None


# ---------------------------------------------------------------------------------------------------- things in between


@dataclass(frozen=True)
class Tunnel:
    """§4: a tunnel is (gateway, peer, instance); ``instance`` None is the tunnel of the rows without one."""

    gateway: str
    remote_ip: str
    instance: int | None


@dataclass(frozen=True)
class Mark:
    """One Tunnel row read as C or D. ``number`` is its place in the input; no two marks share one."""

    time: int
    letter: Letter
    number: int
    tunnel: Tunnel
    reason: str


@dataclass(frozen=True)
class Event:
    """§2: a gateway event, with the kind the catalogue gives it."""

    row: Row
    kind: Kind


@dataclass(frozen=True)
class Pairing:
    """One run of D rows and what ended it: a drop before it has an id, an incident and matches."""

    tunnel: Tunnel
    start: int
    ended_by: Mark | None
    end: int | None
    shape: Shape
    restored_on: int | None
    redundant: bool | None
    outage: int
    repeats: int
    late_disconnects: int  # D rows of the run at or after its end
    reason: str


# ------------------------------------------------------------------------------------------------------------ §4: input


def same(left: str, right: str) -> bool:
    """Status, operation and category compare without case (§4, fine print).

    Reading: "without case" is ``str.lower``.
    """
    return left.lower() == right.lower()


def deduplicate(rows: list[Row]) -> list[Row]:
    """Rows that agree on time, gateway, category, operation, instance, peer, status, reason and message are one row.

    Reading: category, operation and status are compared without case here too; of equal rows the first in input order
    stays; rows of every category take part.
    """
    kept: list[Row] = []
    seen: set[tuple[object, ...]] = set()
    for row in rows:
        key = (
            row.time,
            row.gateway,
            row.category.lower(),
            row.operation.lower(),
            row.instance,
            row.remote_ip,
            row.status.lower(),
            row.reason,
            row.message,
        )
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


def letter_of_status(row: Row) -> Letter | None:
    """What ``status`` alone says: Connected, Disconnected, or neither."""
    if same(row.status, "Connected"):
        return "C"
    if same(row.status, "Disconnected"):
        return "D"
    return None


def letter_of_operation(row: Row) -> Letter | None:
    """What OperationName alone says: TunnelConnected, TunnelDisconnected, or neither."""
    if same(row.operation, "TunnelConnected"):
        return "C"
    if same(row.operation, "TunnelDisconnected"):
        return "D"
    return None


def contradicts_itself(row: Row) -> bool:
    """Status and OperationName both say something, and not the same."""
    status, operation = letter_of_status(row), letter_of_operation(row)
    return status is not None and operation is not None and status != operation


def letter_of(row: Row) -> Letter | None:
    """C or D by status, by OperationName where status is neither; where the two contradict, OperationName wins.

    None where neither says anything: the row is unreadable.
    """
    if contradicts_itself(row):
        return letter_of_operation(row)
    status = letter_of_status(row)
    if status is not None:
        return status
    return letter_of_operation(row)


def read_marks(tunnel_rows: list[Row]) -> list[Mark]:
    """The readable Tunnel rows as C and D, sorted by time, and at equal times D before C.

    Reading: rows that agree on time and letter stay in input order; an unreadable row is no mark, so it neither begins,
    ends nor parts anything.
    """
    marks: list[Mark] = []
    for number, row in enumerate(tunnel_rows):
        letter = letter_of(row)
        if letter is not None:
            marks.append(Mark(row.time, letter, number, Tunnel(row.gateway, row.remote_ip, row.instance), row.reason))
    return sorted(marks, key=lambda mark: (mark.time, 0 if mark.letter == "D" else 1, mark.number))


def marks_of(tunnel: Tunnel, marks: list[Mark]) -> list[Mark]:
    """The marks of one tunnel, still in order."""
    return [mark for mark in marks if mark.tunnel == tunnel]


def other_instance(tunnel: Tunnel) -> Tunnel | None:
    """The same peer's tunnel on the gateway's other instance; a tunnel with null instance has none."""
    if tunnel.instance is None:
        return None
    return Tunnel(tunnel.gateway, tunnel.remote_ip, 1 - tunnel.instance)


# --------------------------------------------------------------------------------------- §4: was the other instance up?


def state_at(tunnel: Tunnel, time: int, marks: list[Mark], world: World) -> State:
    """The state of a tunnel at a time, from its last row before the time and its first row at or after it.

    The table of the design, line by line. Without any row the tunnel's state is what settings say of its gateway:
    active-active means up, active-standby means down, silence means unknown.
    """
    own = marks_of(tunnel, marks)
    earlier = [mark.letter for mark in own if mark.time < time]
    later = [mark.letter for mark in own if mark.time >= time]
    before = earlier[-1] if earlier else "nothing"
    after = later[0] if later else "nothing"

    if (before, after) in [("C", "D"), ("C", "nothing"), ("nothing", "D")]:
        return "up"
    if (before, after) in [("D", "C"), ("D", "nothing"), ("nothing", "C"), ("D", "D")]:
        return "down"
    if (before, after) == ("C", "C"):
        return "unknown"
    # nothing -> nothing
    if tunnel.gateway not in world.active_active:
        return "unknown"
    return "up" if world.active_active[tunnel.gateway] else "down"


def steady_pieces(begin: int, stop: int, tunnels: list[Tunnel], marks: list[Mark]) -> list[tuple[int, int]]:
    """[begin, stop) cut at every row of the tunnels, into pieces of positive length: (from, to).

    No row of these tunnels lies strictly inside a piece. All moments after ``from`` up to and including ``to`` have
    therefore the same row before them and the same row at or after them: the state of the piece is the state at ``to``.
    (The single moment ``from`` may differ; it has no length.)
    """
    inside = {mark.time for mark in marks if mark.tunnel in tunnels and begin < mark.time < stop}
    cuts = sorted({begin, stop} | inside) if begin < stop else []
    return list(itertools.pairwise(cuts))


# ------------------------------------------------------------------------------------------------------------ §4: drops


def runs_of(tunnel: Tunnel, marks: list[Mark]) -> list[list[Mark]]:
    """A run is a maximal sequence of D rows of one tunnel with no C of that tunnel between them."""
    runs: list[list[Mark]] = []
    in_run = False
    for mark in marks_of(tunnel, marks):
        if mark.letter == "C":
            in_run = False
        elif in_run:
            runs[-1].append(mark)
        else:
            runs.append([mark])
            in_run = True
    return runs


def first_connect(tunnel: Tunnel, time: int, marks: list[Mark]) -> Mark | None:
    """A tunnel's first C at or after a time; of several at one µs the first in order, the rest stay unused."""
    for mark in marks_of(tunnel, marks):
        if mark.letter == "C" and mark.time >= time:
            return mark
    return None


def outage_between(begin: int, stop: int, other: Tunnel | None, marks: list[Mark], world: World) -> int:
    """The time in [begin, stop) during which the other instance was not up; unknown counts as not up.

    Reading: where there is no other instance nothing was up, so the whole time counts.
    """
    if other is None:
        return stop - begin
    total = 0
    for piece_from, piece_to in steady_pieces(begin, stop, [other], marks):
        if state_at(other, piece_to, marks, world) != "up":
            total += piece_to - piece_from
    return total


def pair(run: list[Mark], marks: list[Mark], end_of_data: int, world: World) -> Pairing:
    """Each run is exactly one drop: its start, what ended it, where, and what users felt.

    * ``start`` is the time of the first D. ``own`` is the tunnel's first C at or after it; ``from_other`` the other
      instance's first C at or after it, counted only if the other instance was not up (down or unknown) at the start.
    * ``end`` is the earlier of the two, own at a tie; with neither the drop is open.
    * Further D rows are repeats before the end (or while open); at or after the end, exactly at it included, they are
      unpaired.
    * ``outage`` runs to the end, or to the end of the data while open.
    * ``redundant``: true if the other instance was up at the start and the outage is 0; null if its state at the start
      is unknown; else false. Without another instance it is false.

    Reading: ``restored_on`` is the instance that ended the drop; for a tunnel with null instance that is null too,
    although the drop has an end.
    """
    first = run[0]
    tunnel, start = first.tunnel, first.time
    other = other_instance(tunnel)
    other_state: State | None = None if other is None else state_at(other, start, marks, world)

    own = first_connect(tunnel, start, marks)
    from_other = None
    if other is not None and other_state != "up":
        from_other = first_connect(other, start, marks)

    shape: Shape
    if own is not None and (from_other is None or own.time <= from_other.time):
        ended_by, shape = own, "same-instance"
    elif from_other is not None:
        ended_by, shape = from_other, "failover"
    else:
        ended_by, shape = None, "open"
    end = None if ended_by is None else ended_by.time
    restored_on = None if ended_by is None else ended_by.tunnel.instance

    further = run[1:]
    repeats = [mark for mark in further if end is None or mark.time < end]

    outage = outage_between(start, end_of_data if end is None else end, other, marks, world)

    redundant: bool | None
    if other_state == "up" and outage == 0:
        redundant = True
    elif other_state == "unknown":
        redundant = None
    else:
        redundant = False

    return Pairing(
        tunnel=tunnel,
        start=start,
        ended_by=ended_by,
        end=end,
        shape=shape,
        restored_on=restored_on,
        redundant=redundant,
        outage=outage,
        repeats=len(repeats),
        late_disconnects=len(further) - len(repeats),
        reason=first.reason,
    )


def pair_all(marks: list[Mark], end_of_data: int, world: World) -> list[Pairing]:
    """Every run of every tunnel, in the order of drops: start, gateway, remote_ip, instance.

    Reading: a null instance comes after 0 and 1.
    """
    tunnels = {mark.tunnel for mark in marks}
    pairings = [pair(run, marks, end_of_data, world) for tunnel in tunnels for run in runs_of(tunnel, marks)]

    def order(pairing: Pairing) -> tuple[int, str, str, int]:
        instance = pairing.tunnel.instance
        return pairing.start, pairing.tunnel.gateway, pairing.tunnel.remote_ip, 2 if instance is None else instance

    return sorted(pairings, key=order)


def count_unpaired_connects(marks: list[Mark], pairings: list[Pairing]) -> int:
    """A C that ends no drop is counted. One C may end two drops: its own tunnel's and its twin's."""
    used = {pairing.ended_by.number for pairing in pairings if pairing.ended_by is not None}
    return len([mark for mark in marks if mark.letter == "C" and mark.number not in used])


# ------------------------------------------------------------------------------------------------ §4: ids and incidents


def digest_of(pairing: Pairing) -> str:
    """Hex of the 4-byte BLAKE2b digest of ``gateway|remote_ip|instance|start``: UTF-8, instance empty if null."""
    tunnel = pairing.tunnel
    instance = "" if tunnel.instance is None else str(tunnel.instance)
    text = f"{tunnel.gateway}|{tunnel.remote_ip}|{instance}|{pairing.start}"
    return hashlib.blake2b(text.encode("utf-8"), digest_size=4).hexdigest()


def incidents_of(pairings: list[Pairing]) -> list[str]:
    """The incident id of each drop: ``I-`` and the digest of the incident's first drop.

    An incident is drops of one gateway, in the order of drops, each at most 120 s after the start of the one before it,
    whatever the peer.
    """
    incidents: list[str] = []
    for place, pairing in enumerate(pairings):
        incident = "I-" + digest_of(pairing)
        for earlier_place in reversed(range(place)):
            earlier = pairings[earlier_place]
            if earlier.tunnel.gateway == pairing.tunnel.gateway:
                if pairing.start - earlier.start <= INCIDENT_GAP:
                    incident = incidents[earlier_place]
                break
        incidents.append(incident)
    return incidents


# --------------------------------------------------------------------------------------------------- §5: gateway events


def kind_of(row: Row) -> Kind:
    """The kind of a gateway event: the first line of the table that fits decides.

    A message that contains "upgrade gateway started", in any case, is maintenance under any OperationName.
    """
    if same(row.operation, "HostMaintenanceEvent") or "upgrade gateway started" in row.message.lower():
        return "maintenance"
    if same(row.operation, "GatewayTenantPrimaryChanged"):
        return "primary-change"
    if any(same(row.operation, name) for name in ("SetGatewayConfiguration", "SetConnectionConfiguration")):
        return "own-change"
    names = ("MigrateCustomerSubscription", "GatewayResourceMove", "ValidateGatewayConfiguration")
    if any(same(row.operation, name) for name in names):
        return "administrative"
    return "other"


def events_of(rows: list[Row]) -> list[Event]:
    """The gateway events.

    Reading (given with the task): in this reference they are the GatewayDiagnosticLog rows, nothing else.
    """
    return [Event(row, kind_of(row)) for row in rows if same(row.category, GATEWAY_LOG)]


def grade_of(gap: int) -> Grade:
    """``near`` up to 5 min (included) on either side, else ``wide``."""
    return "near" if abs(gap) <= NEAR else "wide"


def match_of(event: Event, pairing: Pairing, relation: Relation) -> Match:
    """One event beside one drop; the gap is the event's time minus the drop's start."""
    gap = event.row.time - pairing.start
    return Match(
        time=event.row.time,
        kind=event.kind,
        relation=relation,
        operation=event.row.operation,
        message=event.row.message,
        instance=event.row.instance,
        gap=gap,
        grade=grade_of(gap),
    )


# ---------------------------------------------------------------------------------------------------------- §5: matches


def matches_directly(event: Event, pairing: Pairing, world: World) -> bool:
    """An event of the drop's gateway with −tolerance ≤ event − start ≤ +tolerance, both ends included.

    The event's own instance is shown, never required.
    """
    if event.row.gateway != pairing.tunnel.gateway:
        return False
    return -world.tolerance <= event.row.time - pairing.start <= world.tolerance


def is_active_active(gateway: str, marks: list[Mark], first_time: int, last_time: int, world: World) -> bool:
    """Settings or discovery say so, or the rows show both instances of some peer up at once for longer than nothing.

    Inferred states count, between the first and the last row of the data (rows of any kind and any gateway).

    Reading: where settings say either of the two, that settles it and the rows are not asked. False stands for "no"
    and for "unknown" alike: in both only a failover is shaped like maintenance.
    """
    if gateway in world.active_active:
        return world.active_active[gateway]
    peers = {mark.tunnel.remote_ip for mark in marks if mark.tunnel.gateway == gateway}
    for peer in peers:
        zero, one = Tunnel(gateway, peer, 0), Tunnel(gateway, peer, 1)
        for _, piece_to in steady_pieces(first_time, last_time, [zero, one], marks):
            if state_at(zero, piece_to, marks, world) == "up" and state_at(one, piece_to, marks, world) == "up":
                return True
    return False


def is_shaped_like_maintenance(pairing: Pairing, *, active_active: bool) -> bool:
    """``failover`` always; ``same-instance`` on a gateway that is active-active; an open drop never."""
    return pairing.shape == "failover" or (pairing.shape == "same-instance" and active_active)


def second_instance_events(
    pairing: Pairing, pairings: list[Pairing], events: list[Event], world: World, *, active_active: bool
) -> list[Event]:
    """The maintenance events a drop is matched with because they struck the other instance first.

    The two instances are serviced in turn. A drop without a maintenance match of its own, shaped like maintenance, gets
    every maintenance event of its gateway that is at most 60 min before its start and is directly matched by a drop on
    the other instance (of any peer).

    Reading: the drop's own instance must be 0 or 1, the other instance is 1 − instance. The other drop may start at any
    time, also after this one. "Before" includes the drop's start itself (where the event would match directly anyway).
    """
    if pairing.tunnel.instance is None or not is_shaped_like_maintenance(pairing, active_active=active_active):
        return []
    maintenance = [
        event for event in events if event.kind == "maintenance" and event.row.gateway == pairing.tunnel.gateway
    ]
    if any(matches_directly(event, pairing, world) for event in maintenance):
        return []
    drops_on_other_instance = [
        candidate
        for candidate in pairings
        if candidate.tunnel.gateway == pairing.tunnel.gateway
        and candidate.tunnel.instance == 1 - pairing.tunnel.instance
    ]
    return [
        event
        for event in maintenance
        if 0 <= pairing.start - event.row.time <= SECOND_INSTANCE_REACH
        and any(matches_directly(event, candidate, world) for candidate in drops_on_other_instance)
    ]


def matches_of(
    pairing: Pairing, pairings: list[Pairing], events: list[Event], world: World, *, active_active: bool
) -> list[Match]:
    """All matches of a drop, nearest first; at a tie the earlier event, then operation, then message.

    Many-to-many: an event that explains one drop explains others too, and a drop keeps every match of every kind.

    Reading: direct and second-instance matches share one order; operation is ordered without case, message as it
    stands; what is equal in all of this keeps input order.
    """
    direct = [match_of(event, pairing, "direct") for event in events if matches_directly(event, pairing, world)]
    second = [
        match_of(event, pairing, "second-instance")
        for event in second_instance_events(pairing, pairings, events, world, active_active=active_active)
    ]
    return sorted(
        direct + second, key=lambda match: (abs(match.gap), match.time, match.operation.lower(), match.message)
    )


def verdict_of(matches: list[Match]) -> Verdict:
    """``maintenance`` if and only if at least one maintenance match, direct or second-instance."""
    if any(match.kind == "maintenance" for match in matches):
        return "maintenance"
    return "support-case-candidate"


# --------------------------------------------------------------------------------------------------------- §5: coverage


def heartbeat_of(gateway: str, rows: list[Row]) -> list[int]:
    """The times of a gateway's heartbeat, in order; empty if it has none.

    A gateway has a heartbeat if it has 12 or more rows other than Tunnel rows, IKE included, whose median spacing is at
    most 10 min.

    Reading: they are the rows of the other diagnostic categories (Gateway, Route, IKE, P2S), after de-duplication. The
    spacings are those between neighbours in time, zeros included; the median of an even number of them is the mean of
    the two in the middle.
    """
    times = sorted(
        row.time
        for row in rows
        if row.gateway == gateway and any(same(row.category, category) for category in HEARTBEAT_LOGS)
    )
    if len(times) < HEARTBEAT_ROWS:
        return []
    spacings = [later - earlier for earlier, later in itertools.pairwise(times)]
    return times if statistics.median(spacings) <= HEARTBEAT_SPACING else []


def coverage_of(pairing: Pairing, rows: list[Row], world: World) -> Coverage:
    """Were the logs that could have shown maintenance really being collected then?

    ``missing``: no GatewayDiagnosticLog row of the gateway at all. ``partial``: there are some, but none in the 45 days
    up to the start, or none in the 45 days from it (both inclusive); or the gateway has a heartbeat and not one row of
    it lies within ± tolerance of the start (both ends included). ``proven``: otherwise.
    """
    gateway, start = pairing.tunnel.gateway, pairing.start
    gateway_log = [row.time for row in rows if row.gateway == gateway and same(row.category, GATEWAY_LOG)]
    if not gateway_log:
        return "missing"
    if not any(start - COVERAGE_REACH <= time <= start for time in gateway_log):
        return "partial"
    if not any(start <= time <= start + COVERAGE_REACH for time in gateway_log):
        return "partial"
    heartbeat = heartbeat_of(gateway, rows)
    if heartbeat and not any(abs(time - start) <= world.tolerance for time in heartbeat):
        return "partial"
    return "proven"


def is_provisional(pairing: Pairing, end_of_data: int) -> bool:
    """A drop in the newest 30 min of the data: rows may still arrive.

    Reading: by its start, and exactly 30 min before the end of the data is still inside.
    """
    return pairing.start >= end_of_data - PROVISIONAL_REACH


# -------------------------------------------------------------------------------------------------- all of it, in order


NOTHING_SAID = World()


def analyze(rows: Iterable[Row], world: World = NOTHING_SAID) -> Answer:
    """§4, then §5.

    The end of the data is the newest row of any kind.

    Reading: contradictions and unreadable rows are Tunnel rows, counted after de-duplication.
    """
    read = list(rows)
    if not read:
        return Answer(
            drops=[],
            unpaired_connects=0,
            unpaired_disconnects=0,
            contradictions=0,
            duplicates=0,
            unreadable=0,
            end_of_data=None,
        )
    kept = deduplicate(read)
    first_time = min(row.time for row in kept)
    end_of_data = max(row.time for row in kept)

    tunnel_rows = [row for row in kept if same(row.category, TUNNEL_LOG)]
    marks = read_marks(tunnel_rows)
    pairings = pair_all(marks, end_of_data, world)
    incidents = incidents_of(pairings)

    events = events_of(kept)
    active_active = {
        gateway: is_active_active(gateway, marks, first_time, end_of_data, world)
        for gateway in {pairing.tunnel.gateway for pairing in pairings}
    }

    drops: list[Drop] = []
    for pairing, incident in zip(pairings, incidents, strict=True):
        matches = matches_of(pairing, pairings, events, world, active_active=active_active[pairing.tunnel.gateway])
        drops.append(
            Drop(
                id="D-" + digest_of(pairing),
                incident=incident,
                gateway=pairing.tunnel.gateway,
                remote_ip=pairing.tunnel.remote_ip,
                instance=pairing.tunnel.instance,
                start=pairing.start,
                end=pairing.end,
                shape=pairing.shape,
                restored_on=pairing.restored_on,
                redundant=pairing.redundant,
                outage=pairing.outage,
                repeats=pairing.repeats,
                reason=pairing.reason,
                verdict=verdict_of(matches),
                coverage=coverage_of(pairing, kept, world),
                provisional=is_provisional(pairing, end_of_data),
                matches=matches,
            )
        )

    return Answer(
        drops=drops,
        unpaired_connects=count_unpaired_connects(marks, pairings),
        unpaired_disconnects=sum(pairing.late_disconnects for pairing in pairings),
        contradictions=len([row for row in tunnel_rows if contradicts_itself(row)]),
        duplicates=len(read) - len(kept),
        unreadable=len([row for row in tunnel_rows if letter_of(row) is None]),
        end_of_data=end_of_data,
    )
