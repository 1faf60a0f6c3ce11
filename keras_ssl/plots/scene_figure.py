from keras_ssl.plots.style import new_figure


def scene_figure(rows, columns, image_shape, width):
    """A figure for `rows` × `columns` pictures `width` inches wide.

    Args:
        image_shape: (height, width, …) of the images.

    Returns:
        Tuple of the figure and its axes, an array (rows, columns).
    """
    height = width * image_shape[0] / image_shape[1]
    figure = new_figure(width * columns + 0.3, (height + 0.25) * rows + 0.8)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.01, hspace=0.01)
    return figure, figure.subplots(rows, columns, squeeze=False)
