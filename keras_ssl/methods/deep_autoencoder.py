from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.augment import Augmenter
from keras_ssl.data.epoch_order import EpochOrder
from keras_ssl.losses.reconstruction import RECONSTRUCTIONS
from keras_ssl.methods.reconstruction_method import ReconstructionMethod


@keras.saving.register_keras_serializable("keras_ssl")
class DeepAutoencoder(ReconstructionMethod):
    """An autoencoder of dense layers that rebuilds each hidden layer, not only the image.

    Hinton and Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks"
    (https://doi.org/10.1126/science.1127647), with a term for each hidden layer beside that of the image: hᵢ are the
    hidden layers of the encoder, and ĥᵢ those of the decoder that mirror them,

        E ‖x − x̂‖² + Σᵢ λᵢ ‖hᵢ − ĥᵢ‖²

    each norm is the mean over the layer's units, so the λᵢ do not depend on their number. The sum is that of ladder
    networks (Rasmus et al. 2015, https://arxiv.org/abs/1507.02672) without their noise and shortcuts.

    `pretrain_layers` trains the layers one by one before the whole network, as the first paper does.

    Logged beside the loss: `reconstruction_error`, as `reconstruction_loss` measures it, and `layer_error`, the
    weighted sum over the hidden layers.

    Args:
        image_shape: Tuple `(height, width, channels)`.
        units: Sequence of positive integers. The units of the encoder's layers. The last layer is the code. Defaults
            to `(512, 128, 32)`.
        layer_weights: Non-negative float λ, or one for each hidden layer from the image on (`len(units) - 1`).
            Defaults to `0.01`: a small weight helps the features, and at 1 the hidden layers matter more than the
            image.
        augmenter: A `keras_ssl.augment.Augmenter`, whose views are rebuilt. Defaults to `None`: the images as they
            are.
        activation: The activation of the hidden layers, as for `keras.layers.Dense`. Defaults to `"relu"`.
        tied_weights: Boolean. Whether the decoder has the transposed kernels of the encoder. Defaults to `False`:
            encoder and decoder have layers of their own.
        reconstruction_loss: String. `"mse"`, `"bce"` or `"ssim"`, as for `Autoencoder`. Defaults to `"mse"`.
        seed: Integer. With the step it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If a size is not positive, or the weights do not fit the hidden layers.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 28, 28, 1), dtype="uint8")
    >>> model = keras_ssl.DeepAutoencoder((28, 28, 1))
    >>> histories = model.pretrain_layers(images, epochs=1, verbose=0)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.predict(images, verbose=0).shape, model.reconstruct(images).shape
    ((64, 32), (64, 28, 28, 1))
    """

    logged = ("reconstruction_error", "layer_error")

    def __init__(
        self,
        image_shape: Sequence[int],
        units: Sequence[int] = (512, 128, 32),
        layer_weights: float | Sequence[float] = 0.01,
        augmenter: Augmenter | None = None,
        *,
        activation: str | Callable = "relu",
        tied_weights: bool = False,
        reconstruction_loss: str = "mse",
        seed: int = 0,
        **kwargs,
    ):
        encoder, decoder = backbones.dense_autoencoder(image_shape, units, activation, tied_weights)
        super().__init__(
            encoder, decoder, int(units[-1]), augmenter, reconstruction_loss=reconstruction_loss, seed=seed, **kwargs
        )
        self.units = tuple(int(count) for count in units)
        self.layer_weights = _weights(layer_weights, len(units) - 1)
        self.activation = activation
        self.tied_weights = bool(tied_weights)
        names = [f"hidden{index}" for index in range(1, len(units))]
        self.encoder_layers = _with_outputs_of(encoder, names)
        self.decoder_layers = _with_outputs_of(decoder, names)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Rebuilds images and hidden layers, and takes a step down the gradient of the errors."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes to the hidden layers hᵢ and the code, decodes to ĥᵢ and x̂, and compares them."""
        *hidden, code = self.encoder_layers(views, training=training)
        *rebuilt, outputs = self.decoder_layers(code, training=training)
        error = self.reconstruction_error(views, outputs)
        layer_error = tf.zeros(())
        for weight, h, h_hat in zip(self.layer_weights, hidden, rebuilt, strict=True):
            difference = tf.cast(h, tf.float32) - tf.cast(h_hat, tf.float32)
            layer_error += weight * tf.reduce_mean(tf.square(difference))
        return error + layer_error, {"reconstruction_error": error, "layer_error": layer_error}

    def pretrain_layers(
        self,
        x: Any,
        epochs: int = 10,
        batch_size: int | None = None,
        learning_rate: float = 1e-3,
        verbose: str | int = "auto",
    ) -> list[keras.callbacks.History]:
        """Trains layer by layer, each as an autoencoder of the one below, before `fit` trains the whole network.

        Hinton and Salakhutdinov's recipe, with autoencoders instead of restricted Boltzmann machines, as in Bengio et
        al. 2006, "Greedy Layer-Wise Training of Deep Networks" (https://doi.org/10.7551/mitpress/7503.003.0024).

        Args:
            x: Images, as for `fit`.
            epochs: Positive integer. Epochs for each layer. Defaults to `10`.
            batch_size: Integer, for arrays only.
            learning_rate: Float. The learning rate of Adam. Defaults to `1e-3`.
            verbose: As in `keras.Model.fit`.

        Returns:
            List of `keras.callbacks.History`, one for each layer from the image on.
        """
        dataset = self._as_dataset(x, None, batch_size, shuffle=True)
        above = [*(f"hidden{index}" for index in range(1, len(self.units))), "features"]
        below = ["flatten", *above[:-1]]
        return [
            self._pretrain_layer(dataset, lower, upper, epochs, learning_rate, verbose)
            for lower, upper in zip(below, above, strict=True)
        ]

    def _pretrain_layer(self, dataset, lower, upper, epochs, learning_rate, verbose):
        up_to_lower = _with_outputs_of(self.encoder, [lower])
        first = lower == "flatten"
        back = self.decoder.get_layer("pixels" if first else lower)
        inputs = keras.Input(self.encoder.get_layer(lower).output.shape[1:])
        outputs = back(self.encoder.get_layer(upper)(inputs))
        if first:
            outputs = self.decoder.get_layer("image")(outputs)
        shallow = keras.Model(inputs, outputs)
        shallow.compile(
            keras.optimizers.Adam(learning_rate), RECONSTRUCTIONS[self.reconstruction_loss].loss if first else "mse"
        )

        def pair(*batch):
            images = tf.cast(batch[0], tf.float32)
            layer = up_to_lower(images)[0]
            return layer, images / 255.0 if first else layer

        pairs = dataset.map(pair, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
        return shallow.fit(pairs, epochs=epochs, verbose=verbose, shuffle=False, callbacks=[EpochOrder(dataset)])

    def get_config(self) -> dict:
        """The constructor's arguments."""
        config = super().get_config()
        del config["encoder"]  # built here
        return {
            **config,
            "image_shape": self.encoder.input_shape[1:],
            "units": self.units,
            "layer_weights": self.layer_weights,
            "activation": keras.activations.serialize(keras.activations.get(self.activation)),
            "tied_weights": self.tied_weights,
        }


def _weights(layer_weights, hidden_layers):
    weights = layer_weights if isinstance(layer_weights, list | tuple) else [layer_weights] * hidden_layers
    if len(weights) != hidden_layers or not all(weight >= 0 for weight in weights):
        raise ValueError(
            f"layer_weights must be a non-negative float, or one for each of the {hidden_layers} hidden layers, the "
            f"code left out. Received: layer_weights={layer_weights}"
        )
    return tuple(float(weight) for weight in weights)


def _with_outputs_of(model, names):
    """The same model, with the outputs of the named layers before its own."""
    return keras.Model(model.inputs, [*(model.get_layer(name).output for name in names), *model.outputs])
