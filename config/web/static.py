"""Where collected static files go: under names made from their content, compressed, cached for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also where one JavaScript module imports another, so that an old one is never mixed with a new one.

    The modules must not import in a circle: no name could be made from such content.
    """

    support_js_module_import_aggregation = True
