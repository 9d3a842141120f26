"""One heartbeat in one request (docs/contract.md#heartbeat). `bulk` does the same for many."""

from django.utils import timezone
from pydantic_core import to_json

from viewing.caller import Caller, check_access
from viewing.heartbeats.answers import heartbeat_answer
from viewing.heartbeats.beats import make_beat
from viewing.heartbeats.schemas import HeartbeatIn
from viewing.heartbeats.writer import writer
from viewing.hotpath import entries


async def answer(caller: Caller, body: HeartbeatIn) -> bytes:
    """The body of a 200. A Refusal for each of the other documented statuses; raises what the database raised."""
    profile, title, site = await entries.for_beat(body.profile_id, body.title_id)
    profile = check_access(caller, profile, body.profile_id)
    beat = make_beat(body, profile=profile, title=title, site=site, now=timezone.now())
    return to_json(heartbeat_answer(beat, await writer.write(beat)))
