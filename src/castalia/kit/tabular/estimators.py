"""What scikit-learn asks of a step in a Pipeline, a ColumnTransformer or a search, without importing it before it asks.

``fit_transform`` is what a Pipeline calls on training rows and ``transform`` what it calls on others, which is just
how a cross-fitted step has to be used.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PrivateAttr, ValidationError

from castalia.core.errors import WrongInput, did_you_mean
from castalia.core.record import Record, shown, wrong_input


class Estimator(Record):
    """A record that scikit-learn can copy, configure and ask for the names of its columns."""

    _parent_callback_ctx: Any = PrivateAttr()  # a Pipeline of scikit-learn >= 1.9 sets and deletes it around fit

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name; with ``deep`` those of steps that are options too, as ``clean__order``."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        if deep:
            inner = {name: value for name, value in found.items() if isinstance(value, Estimator)}
            found |= {f"{name}__{key}": each for name, step in inner.items() for key, each in step.get_params().items()}
        return found

    def set_params(self, **options: Any) -> Self:
        """Change options in place, as scikit-learn's searches do; what was learnt is forgotten.

        WrongInput for an unknown name or a value that does not fit; then nothing is changed.
        """
        known, plain = self.get_params(), self.get_params(deep=False)
        for name in options:
            if name not in known:
                cure = f"Take one of them.{did_you_mean(name, known)}"
                raise WrongInput(
                    f"{type(self).__name__} has no option {shown(name, 60)}", name, ", ".join(known), cure, field=name
                )
        plain |= {name: value for name, value in options.items() if "__" not in name}
        for name, value in options.items():
            outer, deeper, rest = name.partition("__")
            if deeper:
                plain[outer] = _unfitted(plain[outer]).set_params(**{rest: value})
        self.__setstate__(self._of_options(plain).__getstate__())
        return self

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """(k,) names of the columns that come out: ``features``."""
        return np.array(list(getattr(self, "features", ())), object)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Nothing to set: what comes out is of the library that went in. WrongInput where another is asked for."""
        if transform not in (None, "default"):
            raise WrongInput(
                f"{type(self).__name__} takes no output format", shown(transform), "None or 'default'",
                "What comes out is of the library that goes in: hand in that library's table.", field="transform",
            )  # fmt: skip
        return self

    def __sklearn_clone__(self) -> Self:
        return self._of_options(self.get_params(deep=False))

    def __sklearn_is_fitted__(self) -> bool:
        return bool(getattr(self, "fitted", False))

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None, target_tags=TargetTags(required=False), transformer_tags=TransformerTags(),
            input_tags=InputTags(string=True, categorical=True, allow_nan=True),
        )  # fmt: skip

    @classmethod
    def _of_options(cls, options: dict[str, Any]) -> Self:
        """Not fitted, nor any step inside it; past the constructors that take options in other forms."""
        made = cls.__new__(cls)
        try:
            Record.__init__(made, **{name: _unfitted(value) for name, value in options.items()})
        except ValidationError as error:
            raise wrong_input(cls, error, cls.__name__) from None
        return made


def _unfitted(value: Any) -> Any:
    if isinstance(value, Estimator):
        return value.__sklearn_clone__()
    return tuple(_unfitted(each) for each in value) if isinstance(value, tuple) else value
