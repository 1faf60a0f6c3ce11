import warnings

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from keras_ssl import cli, runs
from keras_ssl.cli import main


@pytest.fixture
def run():
    def run(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "digits"
    words = "pretrain simclr --data digits --epochs 1 --batch-size 64 --backbone mlp --split train[:128] --no-monitor"
    result = CliRunner().invoke(main, [*words.split(), "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out, result.output


def test_pretrain_says_what_to_do_next(trained):
    out, output = trained
    assert f"Next: keras-ssl evaluate {out}" in output
    assert (out / "encoder.keras").is_file()
    assert "The log says, without labels: the other view of an image is found" in output
    assert "2 steps are few. Next, train longer: keras-ssl pretrain simclr" in output


def test_an_output_that_is_no_terminal_has_a_line_an_epoch_and_no_control_characters(trained):
    assert all(line.isprintable() for line in trained[1].splitlines())
    (line,) = [line for line in trained[1].splitlines() if line.startswith("Epoch 1/1")]
    assert "images/s" in line and "loss" in line


def test_settings_can_be_changed(run, tmp_path):
    result = run(
        "pretrain",
        "simclr",
        "--data",
        "digits",
        "--out",
        tmp_path / "run",
        "--epochs",
        1,
        "--split",
        "train[:64]",
        "--set",
        "backbone={name: mlp, units: [4]}",
        "--set",
        "arguments.temperature=2e-1",
        "--no-monitor",
    )
    assert result.exit_code == 0, result.output
    config = (tmp_path / "run" / "config.yaml").read_text()
    assert "temperature: 0.2" in config and "units" in config


def test_resume_needs_nothing_but_the_folder(run, trained):
    result = run("pretrain", "--resume", "--out", trained[0])
    assert result.exit_code == 0 and "Epochs done: 1" in result.output
    assert run("pretrain", "simclr", "--resume", "--out", trained[0]).exit_code == 2


def test_evaluate_prints_a_table(run, trained):
    result = run("evaluate", trained[0], "--protocol", "knn", "--no-baselines")
    assert result.exit_code == 0, result.output
    assert "| SimCLR" in result.output and "kNN" in result.output
    assert "Warning" not in result.output


def test_a_warning_is_a_line_in_words(run, trained):
    with pytest.warns(UserWarning, match="were trained on"):
        run("evaluate", trained[0], "--protocol", "knn", "--no-baselines", "--test-split", "train")
    with cli.plain_warnings():
        assert warnings.formatwarning("Words.", UserWarning, "cli.py", 1) == "Warning: Words.\n"


def test_export_and_embed_say_what_they_wrote(run, trained, tmp_path):
    result = run("export", trained[0], "--to", tmp_path / "digits")
    assert result.exit_code == 0 and (tmp_path / "digits" / "1" / "saved_model.pb").is_file()
    (tmp_path / "photos").mkdir()
    picture = tf.io.encode_png(np.zeros((9, 7, 3), "uint8")).numpy()
    (tmp_path / "photos" / "a.PNG").write_bytes(picture)
    result = run("embed", trained[0], tmp_path / "photos", "--to", tmp_path / "features.npz")
    assert result.exit_code == 0 and "1 images" in result.output


def test_fine_tuning_has_a_column_and_raw_pixels_an_empty_cell(run, trained):
    words = "--protocol knn,fine-tune --train-split train[:64] --test-split test[:64] --epochs 1"
    result = run("evaluate", trained[0], *words.split())
    assert result.exit_code == 0, result.output
    (pixels,) = [line for line in result.output.splitlines() if line.startswith("| raw pixels")]
    # Of 64 images some classes have twice as many as others, by chance, so balanced accuracy stands there, too.
    assert "| fine-tuning | fine-tuning, balanced |" in result.output
    assert pixels.endswith("|             |                       |")


@pytest.mark.parametrize(
    ("words", "classifier"),
    [
        ([], None),
        (["--no-classifier"], None),
        (["--classifier"], "linear"),
        (["--classifier", "--resize", "pad"], "linear"),
        (["--classifier", "fine-tune"], "fine-tune"),
    ],
)
def test_export_takes_a_classifier_with_or_without_its_name(run, monkeypatch, words, classifier):
    asked = {}
    monkeypatch.setattr("keras_ssl.runs.export", lambda *args, **kwargs: asked.update(kwargs))
    assert run("export", "runs/x", "--to", "y", *words).exit_code == 0
    assert asked["classifier"] == classifier


def test_the_options_name_what_runs_has():
    assert (*runs.PROTOCOLS, *runs.TRAINING_PROTOCOLS) == cli.PROTOCOLS
    assert tuple(runs.CLASSIFIERS) == cli.CLASSIFIERS


def test_list_names_what_there_is(run):
    result = run("list")
    assert result.exit_code == 0
    assert all(word in result.output for word in ("simclr", "digits", "resnet18", "fine-tune", "optimizer"))


@pytest.mark.parametrize("command", ["pretrain", "evaluate", "embed", "export", "list"])
def test_help(run, command):
    assert command in run("--help").output
    assert run(command, "--help").exit_code == 0


@pytest.mark.parametrize(
    "words, message",
    [
        (["pretrain", "simclrr", "--data", "digits", "--out", "{}/x"], "Did you mean simclr?"),
        (["pretrain", "simclr", "--data", "no-such-set", "--out", "{}/x"], "no-such-set"),
        (["pretrain", "simclr", "--data", "{}/missing/", "--out", "{}/x"], "missing"),
        (["pretrain", "simclr", "--data", "digits", "--out", "{}"], "exists already"),
        (
            ["pretrain", "dcgan", "--data", "digits", "--epochs", "1", "--minutes", "1", "--out", "{}/x"],
            "only one of minutes",
        ),
        *(
            (["pretrain", "simclr", "--data", "digits", "--out", "{}/x", "--set", word], "Received: ")
            for word in ("heads=null", "backbone=[]", "batch_size=99999999999999999999", "learning_rate.zzz=1")
        ),
        (["evaluate", "{}/nothing"], "There is no run in"),
        (["evaluate", "{}/nothing", "--protocol", "fine"], "no run in"),
        (["export", "{}/nothing", "--to", "{}/y"], "There is no run in"),
    ],
)
def test_errors_are_one_line_and_exit_with_1(run, tmp_path, words, message):
    (tmp_path / "file").write_text("mine")
    result = run(*(word.format(tmp_path) for word in words))
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if line]
    assert line.startswith("Error: ") and message in line
    assert not (tmp_path / "x").exists()


def test_a_broken_file_is_named_in_one_line_or_skipped(run, trained, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    (tmp_path / "good.png").write_bytes(tf.io.encode_png(np.zeros((9, 7, 3), "uint8")).numpy())
    result = run("embed", trained[0], tmp_path, "--to", tmp_path / "features.npz")
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last.startswith("Error: Cannot read the image") and "broken.jpg" in last and "node" not in last
    assert run("embed", trained[0], tmp_path, "--to", tmp_path / "features.npz", "--on-error", "skip").exit_code == 0


@pytest.mark.parametrize("begun, said", [(True, "--resume --out '{}/my run'"), (False, "The training had not begun")])
def test_an_interruption_says_how_to_go_on(run, tmp_path, monkeypatch, begun, said):
    def interrupt(*args, **kwargs):
        if begun:
            (tmp_path / "my run").mkdir()
            (tmp_path / "my run" / "config.yaml").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_ssl.runs.pretrain", interrupt)
    result = run("pretrain", "simclr", "--data", "digits", "--out", tmp_path / "my run")
    assert result.exit_code == 130 and said.format(tmp_path) in result.output


def test_debug_shows_the_traceback(run, tmp_path):
    result = run("--debug", "evaluate", tmp_path)
    assert isinstance(result.exception, FileNotFoundError)


@pytest.mark.parametrize(
    "words",
    [
        ["pretrain", "simclr", "--out", "x"],
        ["pretrain", "simclr", "--data", "digits", "--out", "x", "--set", "epochs"],
        ["pretrain", "simclr", "--data", "digits", "--out", "x", "--set", "epochs=[1"],
        ["pretrain", "simclr", "--data", "digits", "--out", "x", "--set", "backbone={name: a: b}"],
        ["pretrain", "simclr", "--data", "digits", "--out", "x", "--set", "epochs=" + "9" * 5000],
        ["pretrain", "simclr", "--data", "digits", "--out", "x", "--set", "heads=" + "[" * 5000],
        ["pretrain", "simclr", "--data", "digits", "--out", "x", "--image-size", "0x9"],
        ["pretrain", "simclr", "--data", "digits", "--out", "x", "--batch-size", "1"],
        ["embed"],
    ],
)
def test_wrong_usage_exits_with_2(run, words):
    result = run(*words)
    assert result.exit_code == 2 and "Error" in result.output and "Traceback" not in result.output


def test_resume_takes_no_other_settings(tmp_path):
    result = CliRunner().invoke(main, ["pretrain", "--resume", "--out", str(tmp_path), "--epochs", "9"])
    assert result.exit_code == 2 and "leave out other options. Received: epochs" in result.output
