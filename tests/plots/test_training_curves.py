import keras
import numpy as np
import pytest

from keras_ssl.plots import training_curves


def curves(figure):
    """Each panel's lines: title -> label -> (epochs, values)."""
    return {
        axes.get_title(): {
            line.get_label(): (line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.lines
        }
        for axes in figure.axes
        if axes.lines
    }


def test_a_panel_for_each_quantity_with_validation_beside_training(drawn):
    history = {"loss": [3.0, 2.0], "spread": [0.9, 0.8], "val_loss": [3.5, 2.5], "val_knn_accuracy": [0.5, 0.6]}
    figure = training_curves(history)
    assert curves(figure) == {
        "loss": {"training": ([1, 2], [3.0, 2.0]), "validation": ([1, 2], [3.5, 2.5])},
        "spread": {"training": ([1, 2], [0.9, 0.8])},
        "knn accuracy": {"validation": ([1, 2], [0.5, 0.6])},
    }
    assert drawn(figure).std() > 0


def test_what_is_measured_every_few_epochs_is_drawn_where_it_was_measured():
    """A monitor says its newest value in the epochs between, too."""
    history = {"loss": [5.0, 4.0, 3.0, 2.0, 1.0], "val_knn_accuracy": [0.5, 0.5, 0.7, 0.7, 0.7]}
    assert curves(training_curves(history))["knn accuracy"] == {"validation": ([1, 3, 5], [0.5, 0.7, 0.7])}


def test_references_are_dashed_lines_in_the_panel_of_what_is_compared_with_them():
    references = {"knn_accuracy_of_raw_pixels": [0.75] * 2, "knn_accuracy_of_random_encoder": [0.25] * 2}
    (panel,) = training_curves({"val_knn_accuracy": [0.5, 0.8], **references}).axes
    dashed = {line.get_label(): line.get_ydata()[0] for line in panel.lines if line.get_linestyle() == "--"}
    assert panel.get_title() == "knn accuracy" and dashed == {"raw pixels": 0.75, "the random encoder": 0.25}


def test_ticks_of_a_quantity_that_hardly_moves_are_its_values(drawn):
    figure = training_curves({"spread": [0.989578, 0.989582]})
    drawn(figure)
    ticks = [float(label.get_text()) for label in figure.axes[0].get_yticklabels()]
    np.testing.assert_allclose(ticks, 0.98958, atol=1e-5)


def test_history_and_csv_of_a_fit_draw_the_same(tmp_path, rng):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    log = keras.callbacks.CSVLogger(tmp_path / "history.csv")
    history = model.fit(rng.normal(size=(8, 3)), np.zeros(8), epochs=3, callbacks=[log], verbose=0)
    from_csv = curves(training_curves(tmp_path / "history.csv"))
    np.testing.assert_allclose(from_csv["loss"]["training"], curves(training_curves(history))["loss"]["training"])


def test_a_resumed_history_keeps_its_epochs():
    history = keras.callbacks.History()
    history.history, history.epoch = {"loss": [2.0, 1.0]}, [5, 6]
    assert curves(training_curves(history))["loss"]["training"] == ([6, 7], [2.0, 1.0])


def test_epochs_without_a_value_are_skipped(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss,val_loss\n0,3.0,NA\n1,2.0,2.5\n2,1.0,\n")
    assert curves(training_curves(path))["loss"]["validation"] == ([2], [2.5])
    assert curves(training_curves({"loss": [1, 2], "val_loss": [3]}))["loss"]["validation"] == ([2], [3])


@pytest.mark.parametrize("history", [{}, {"loss": []}])
def test_nothing_to_draw_is_said(history):
    with pytest.raises(ValueError, match="no epochs"):
        training_curves(history)


def test_an_empty_file_is_said(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss\n")
    with pytest.raises(ValueError, match="no epochs"):
        training_curves(tmp_path / "history.csv")
