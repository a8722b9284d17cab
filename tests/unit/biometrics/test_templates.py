import numpy as np
import pytest

from reknown.biometrics.errors import SpaceMismatchError
from reknown.biometrics.templates import Template, TemplateSpace, compare

HERE = TemplateSpace("a", "f" * 64, 2)
THERE = TemplateSpace("b", "0" * 64, 2)
UP = np.array([0, 1], np.float32)


def test_the_score_is_the_cosine() -> None:
    right = np.array([1, 0], np.float32)
    diagonal = np.array([1, 1], np.float32) / np.float32(np.sqrt(2))
    assert compare(Template(UP, HERE), Template(UP, HERE)) == 1
    assert compare(Template(UP, HERE), Template(right, HERE)) == 0
    assert compare(Template(UP, HERE), Template(diagonal, HERE)) == pytest.approx(0.5**0.5)


def test_templates_of_different_spaces_are_not_compared() -> None:
    with pytest.raises(SpaceMismatchError, match="enrol the images again"):
        compare(Template(UP, HERE), Template(UP, THERE))


def test_the_name_of_the_pack_does_not_make_another_space() -> None:
    renamed = TemplateSpace("renamed", HERE.fingerprint, 2)
    assert compare(Template(UP, HERE), Template(UP, renamed)) == 1
