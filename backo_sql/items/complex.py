"""`Complex`: a complex number as two fields, which can be filtered and stored like any other."""

from __future__ import annotations

from typing import Any, Unpack

from ..types.container import DictType
from ..types.number import Float
from ..types.options import CommonKeywords
from .containers import Dict


class ComplexType(DictType):
    """The frozen side of `Complex`: takes a Python `complex` where a `Dict` takes an object."""

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return "Complex"

    def _convert(self, value: Any, root: Any, old: Any, *, partial: bool) -> dict[str, Any]:
        if isinstance(value, complex):
            value = {"real": value.real, "imag": value.imag}
        return super()._convert(value, root, old, partial=partial)


class Complex(Dict):
    """A complex number: a `Dict` of the floats `real` and `imag`.

    It takes a Python `complex` too, and `complex(number)` gives one back. One of which nothing is set has two empty
    parts.

    Args:
        options: the common options of every field.

    Example:
        >>> number = Complex()
        >>> number.set({"real": 12.0, "imag": 9.0})
        >>> number
        (12.0+9.0i)
        >>> number + Complex(default=1j)
        (12.0+10.0i)
    """

    __slots__ = ()

    _type_class = ComplexType

    def __init__(self, **options: Unpack[CommonKeywords]) -> None:
        super().__init__({"real": Float(), "imag": Float()}, **options)

    def __complex__(self) -> complex:
        if self.real is None or self.imag is None:
            raise TypeError("A Complex of which a part is not set is no number.")
        return complex(self.real, self.imag)

    def __add__(self, other: object) -> Complex:
        if not isinstance(other, Complex | complex):
            raise TypeError(f"Can only add Complex to Complex, not {type(other).__name__}.")
        added = Complex()
        added.set(complex(self) + complex(other))  # type: ignore[arg-type]  # its type takes a complex too
        return added

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, complex):
            return bool(self.real == other.real and self.imag == other.imag)
        return super().__eq__(other)

    __hash__ = None  # the parts change

    def __repr__(self) -> str:
        if self.real is None or self.imag is None:
            return repr(self.get_value())
        return f"({self.real}{self.imag:+}i)"

    def __str__(self) -> str:
        return repr(self)
