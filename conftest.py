"""Makes pytest put the repository's root on the import path, so that tests can say `from tests.corpus import corpus`."""
