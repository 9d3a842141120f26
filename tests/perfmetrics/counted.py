"""What the figures of the test process's own server changed by; other tests let them count before."""

from prometheus_client import REGISTRY

from perfmetrics.counting import cache
from tests.races import until


class Counted:
    """Since it was made: by name and, where there is one, label."""

    def __init__(self):
        self.before = self.all()

    def all(self):
        return {
            (sample.name.removeprefix("sandglass_"), *sample.labels.values()): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
        }

    def __getitem__(self, key):
        return self.all().get(key, 0) - self.before.get(key, 0)

    def settle(self):
        """Wait until the server has reported all that its caches counted so far."""
        # Twice: the tick that reports the first miss may have passed the other caches before it happened.
        for _ in range(2):
            before = self["cache_misses_total", "titles"]
            cache.counted("titles").get("nobody has this key")
            until(lambda before=before: self["cache_misses_total", "titles"] > before)

    def of(self, name):
        """By label, what changed."""
        return {key[1]: self[key] for key in self.all() if key[0] == name and len(key) > 1 and self[key]}
