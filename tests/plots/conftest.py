import numpy as np
import pytest


@pytest.fixture
def drawn():
    """A function that draws a figure and gives its pixels, so that what cannot be drawn fails."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    def draw(figure):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    return draw


@pytest.fixture(autouse=True)
def no_pyplot_state():
    """Figures belong to who asked for them; pyplot would keep every one of them alive."""
    yield
    import sys

    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
