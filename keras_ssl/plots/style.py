"""Colors and size of all figures."""

# Petroff 2021, "Accessible color sequences for data visualization": ten colors that stay apart for the common forms
# of color blindness and in gray.
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


def new_figure(width, height):
    """Empty figure of a size in inches, outside pyplot's global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")
