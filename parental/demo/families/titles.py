"""The demo's catalogue: 60 titles, 20 of them educational, for the demo families and the simulated players alike."""

import uuid
from typing import Final
from zlib import crc32

from viewing.models import Title

# Of what the demo makes, everything that outlives a run has its id from here: so making it again changes nothing.
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.sandglass.example")

EDUCATIONAL: Final = (
    "A Day in the Rock Pool", "Atlas for Beginners", "Bees at Work", "Count with Cato", "Dinosaur Detectives",
    "Five Little Fractions", "From Seed to Sunflower", "How Bridges Stand", "Letters from A to Z", "Mission to Mars",
    "My First Orchestra", "Night Sky Club", "Our Body, Our Home", "Planet of Insects", "Rivers of the World",
    "The Alphabet Express", "The Kitchen Laboratory", "Weather Watchers", "What Whales Say", "Why Is the Sea Salty?",
)  # fmt: skip
ENTERTAINMENT: Final = (
    "Adventures of Captain Crumb", "Barnaby Bear's Big Day", "Castle of Clouds", "Dragon School", "Eddie the Elevator",
    "Fox and Ferret", "Galaxy Goalkeepers", "Grandpa's Time Machine", "Hotel Hullabaloo", "Island of Lost Socks",
    "Jungle Jukebox", "Kite Riders", "Luna and the Lighthouse", "Monster Moving Company", "Nine Lives of Mr Whiskers",
    "Ocean Patrol", "Penguin Post Office", "Pirates of Puddle Bay", "Princess Pogo", "Quest for the Golden Spoon",
    "Robot Next Door", "Rocket Raccoon Racing", "Secret Agent Hamster", "Sneaky Squirrels", "Snow Day",
    "Super Suzie", "Ten Tiny Trolls", "The Cardboard Kingdom", "The Great Cookie Chase", "The Invisible Dog",
    "The Midnight Circus", "The Sandpit", "Tractor Tales", "Treehouse Club", "Trolley Trouble",
    "Unicorns on Holiday", "Vampire Kindergarten", "Wanda the Wizard", "Yeti on the Loose", "Zoo at Night",
)  # fmt: skip


def demo_id(kind: str, *parts: object) -> uuid.UUID:
    """The id of one thing of the demo, the same in every run."""
    return uuid.uuid5(NAMESPACE, ":".join((kind, *map(str, parts))))


def ensure_titles() -> list[Title]:
    """The demo's titles as the database has them; those that are missing are made."""
    names = [(name, True) for name in EDUCATIONAL] + [(name, False) for name in ENTERTAINMENT]
    titles = [
        Title(id=demo_id("title", name), name=name, is_educational=known, duration_seconds=_duration(name))
        for name, known in names
    ]
    Title.objects.bulk_create(titles, ignore_conflicts=True)
    return list(Title.objects.filter(id__in=[title.id for title in titles]).order_by("id"))


def _duration(name: str) -> int:
    """5–95 minutes, the same in every run."""
    return 60 * (5 + crc32(name.encode()) % 91)
