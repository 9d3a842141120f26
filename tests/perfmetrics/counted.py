"""What the figures of the test process's own server changed by; other tests let them count before."""

from prometheus_client import REGISTRY


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

    def of(self, name):
        """By label, what changed."""
        return {key[1]: self[key] for key in self.all() if key[0] == name and len(key) > 1 and self[key]}
