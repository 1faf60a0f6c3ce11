"""Colors and size of all figures."""

from typing import Any

# Petroff 2021, "Accessible color sequences for data visualization": ten colors that can be told apart in gray and
# with the common forms of color blindness.
COLORS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
GRAY = "#555555"


def new_figure(width: float, height: float) -> Any:
    """Create an empty `Figure` of `width` × `height` inches, independent of pyplot's global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")
