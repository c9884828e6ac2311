"""A spec travels as plain values and comes back the same."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import yaml

from fusion.spec import Spec


@dataclass(frozen=True)
class Part(Spec):
    name: str
    window: tuple[float, float]


@dataclass(frozen=True)
class Whole(Spec):
    first: Part
    rest: tuple[Part, ...]
    maybe: Part | None
    named: Mapping[str, Part]
    nested: tuple[tuple[int, ...], ...]
    width: int | None = None


PART = Part("a", (0.0, 1.0))
WHOLE = Whole(PART, (PART, Part("b", (1, 2))), None, {"x": PART}, ((1, 2), ()))


@pytest.mark.parametrize("whole", [WHOLE, Whole(PART, (), PART, {}, (), 3)])
def test_a_spec_is_rebuilt_from_its_plain_form(whole):
    plain = whole.plain()
    assert Whole.read(plain) == whole
    assert Whole.read(pickle.loads(pickle.dumps(plain))) == whole
    assert Whole.read(yaml.safe_load(yaml.safe_dump(plain))) == whole


def test_the_plain_form_holds_nothing_but_plain_values_in_the_order_of_the_fields():
    plain = WHOLE.plain()
    assert list(plain) == ["first", "rest", "maybe", "named", "nested", "width"]
    assert plain["rest"] == [{"name": "a", "window": [0.0, 1.0]}, {"name": "b", "window": [1, 2]}]
    assert repr(plain) == repr(Whole.read(plain).plain())


def test_a_missing_or_unknown_field_is_named():
    with pytest.raises(TypeError, match="Part lacks window"):
        Part.read({"name": "a"})
    with pytest.raises(TypeError, match="Part has no field colour"):
        Part.read({"name": "a", "window": [0, 1], "colour": "red"})


def test_fields_are_taken_from_the_first_section_that_has_them():
    took = Part.take({"name": "a", "other": 1}, {"name": "b", "window": [0, 1]})
    assert took == Part("a", (0, 1))
    assert Part.take({"name": "a", "window": [0, 1]}, name="c").name == "c"
    with pytest.raises(TypeError, match="lacks window"):
        Part.take({"name": "a"})
    with pytest.raises(TypeError, match="no field colour"):
        Part.take({"name": "a", "window": [0, 1]}, colour="red")
