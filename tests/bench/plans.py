"""What week plans cost a heartbeat: a worker's CPU time, in turns, for players without a plan and with all of one.

Without a plan it is held against AGAINST, a checkout of another commit on the same database, or else against the same
code with WEEK_PLAN off.
"""

import json
import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from tests import processes
from tests.bench import generator
from tests.bench.cast import Device, make_devices
from tests.bench.generator import Beats
from tests.bench.heartbeats import CONNECTIONS
from tests.bench.limit import AGAINST, Rates, measured, ratio
from tests.bench.results import Figure
from viewing.models import FamilyCalendar, PlanException, Profile, ViewingTimeConfig

BEATS_EACH = 40
WARM_BEATS = 20


@dataclass(slots=True)
class PlannedDevice(Device):
    """Says how far its title is, as a child's device does whose titles may be finished."""

    def body(self, **changes: Any) -> dict[str, Any]:
        # Not by super(): a dataclass with slots is another class than the one that it finds.
        return Device.body(self, position_seconds=600, duration_seconds=5400, **changes)


def figures(logs: Path, *, rounds: int) -> list[Figure]:
    plain, planned = make_devices(CONNECTIONS), with_plans(make_devices(CONNECTIONS))
    costs = Rates(list)
    with ExitStack() as stack:

        def start(name: str, **how: Any) -> processes.Service:
            return stack.enter_context(processes.service(logs / name, **how))

        other = "before" if AGAINST else "switched off"
        how: dict[str, Any] = {"project": Path(AGAINST).resolve()} if AGAINST else {"WEEK_PLAN": "false"}
        ours, theirs = start("ours"), start("other", **how)
        turns = [
            ("without a plan", ours, plain),
            (other, theirs, plain),
            ("with every part of a plan", ours, planned),
        ]
        for _name, service, devices in turns:
            cost(service, devices, WARM_BEATS)
        for n in range(rounds):
            for name, service, devices in turns if n % 2 == 0 else reversed(turns):
                costs[name].append(cost(service, devices, BEATS_EACH))
            print(", ".join(f"{name} {found[-1]:.0f} µs" for name, found in costs.items()))
    less: dict[str, Any] = {"unit": "times", "maximum": True}
    return [
        *(Figure(f"CPU of a heartbeat, {name}", statistics.median(found), "µs") for name, found in costs.items()),
        Figure(f"CPU without a plan, against {other}", ratio(costs, "without a plan", other), floor=1.02, **less),
        Figure(
            "CPU with every part of a plan, against none",
            ratio(costs, "with every part of a plan", "without a plan"),
            floor=1.05,
            **less,
        ),
    ]


def cost(service: processes.Service, devices: list[Device], beats_each: int) -> float:
    """The µs of the worker's CPU time for each beat."""
    host = generator.host_of(service.url)
    return measured(service, [Beats(host, device) for device in devices], beats_each)[1]


def with_plans(devices: list[Device]) -> list[Device]:
    """Give the children every part of a plan; nothing of it stops them."""
    now = timezone.now()
    ids = [device.profile_id for device in devices]
    hours = [(now + timedelta(hours=ahead)).hour * 60 for ahead in (6, 8)]
    bedtime = [hours[0], hours[1] if hours[1] > hours[0] else hours[1] + 1440]
    plan = {
        "windows": [[[0, 1440]]] * 7,
        "quiet": [
            {"kind": "bedtime", "weekdays": 127, "from": bedtime[0], "to": bedtime[1]},
            {"kind": "school", "weekdays": 127, "from": bedtime[0], "to": bedtime[1], "allow_educational": True},
        ],
        "week_limit": 3360,
        "carry_max": 30,
        "carry_since": str(now.date() - timedelta(days=30)),
        "finish_title": 15,
    }
    ViewingTimeConfig.objects.filter(pk__in=ids).update(
        plan_version=1, day_limits=[480] * 7, plan=json.loads(json.dumps(plan)), uses_week=True
    )
    user_id = Profile.objects.values_list("user_id", flat=True).get(pk=ids[0])
    FamilyCalendar.objects.create(pk=user_id, weekend_days=48, week_starts_on=6)
    for ahead in (-1, 3):
        day = now.date() + timedelta(days=ahead)
        changes = {"limit": 465, "bedtime": None}
        PlanException.objects.create(
            user_id=user_id, from_date=day, to_date=day, name="Holiday", source="manual", changes=changes
        )
    return [PlannedDevice(device.profile_id, device.title_id, device.token) for device in devices]
