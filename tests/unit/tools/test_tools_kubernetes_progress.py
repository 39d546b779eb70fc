"""What talosctl upgrade-k8s tells of its progress, read from what real ones have printed."""

import pytest

from corpus import corpus_file
