import keras
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.data.epoch_order import EpochOrder
from keras_ssl.losses.reconstruction import RECONSTRUCTIONS
from keras_ssl.methods.reconstruction_method import ReconstructionMethod


@keras.saving.register_keras_serializable("keras_ssl")
class DeepAutoencoder(ReconstructionMethod):
    """An autoencoder of several dense layers that rebuilds every one of them, not the image alone.

    Hinton and Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks"
    (https://doi.org/10.1126/science.1127647), with a term for each hidden layer beside that of the image: with hᵢ the
    encoder's hidden layers on the way in, and ĥᵢ their partners in the decoder on the way out,

        E ‖x − x̂‖² + Σᵢ λᵢ ‖hᵢ − ĥᵢ‖²

    each norm the mean over the layer's units, so that the λᵢ do not depend on their number. The sum is that of ladder
    networks (Rasmus et al. 2015, https://arxiv.org/abs/1507.02672) without their noise and shortcuts.

    The layers can be trained one by one before the whole, as in the first paper: `pretrain_layers`.

    Logged beside the loss: `reconstruction_error`, in the terms of `reconstruction_loss`, and `layer_error`, the
    weighted sum over the hidden layers.

    Args:
        image_shape: (height, width, channels).
        units: sequence of positive ints, the units of the encoder's layers; the last is the code's, the features.
            Defaults to (512, 128, 32).
        layer_weights: non-negative float, or one for each hidden layer from the image on (`len(units) - 1`): λᵢ.
            Defaults to 0.01: hidden layers that can be rebuilt easily are a help, and at 1 they become an end.
        augmenter: a `keras_ssl.augment.Augmenter`, whose views are then rebuilt. By default none.
        activation: of the hidden layers, as for `keras.layers.Dense`. Defaults to "relu".
        tied_weights: bool, whether the decoder runs the encoder's kernels backwards. Defaults to False: encoder and
            decoder have layers of their own.
        reconstruction_loss: "mse", "bce" or "ssim", as for `Autoencoder`. Defaults to "mse".
        seed: int. With the step it determines every random draw of the training.

    Raises:
        ValueError: for sizes that are not positive, or weights that do not fit the hidden layers.

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
        image_shape,
        units=(512, 128, 32),
        layer_weights=0.01,
        augmenter=None,
        *,
        activation="relu",
        tied_weights=False,
        reconstruction_loss="mse",
        seed=0,
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

    def train_step(self, data):
        """Rebuilds images and hidden layers, and takes a step towards rebuilding them better."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """On the way in the hidden layers hᵢ and the code, on the way out their partners ĥᵢ and x̂."""
        *hidden, code = self.encoder_layers(views, training=training)
        *rebuilt, outputs = self.decoder_layers(code, training=training)
        error = self.reconstruction_error(views, outputs)
        layer_error = tf.zeros(())
        for weight, h, h_hat in zip(self.layer_weights, hidden, rebuilt, strict=True):
            difference = tf.cast(h, tf.float32) - tf.cast(h_hat, tf.float32)
            layer_error += weight * tf.reduce_mean(tf.square(difference))
        return error + layer_error, {"reconstruction_error": error, "layer_error": layer_error}

    def pretrain_layers(self, x, epochs=10, batch_size=None, learning_rate=1e-3, verbose="auto"):
        """Trains layer after layer, each as an autoencoder of the one below, before `fit` trains the whole.

        Hinton and Salakhutdinov's recipe, with plain autoencoders for their restricted Boltzmann machines, as in
        Bengio et al. 2006, "Greedy Layer-Wise Training of Deep Networks"
        (https://doi.org/10.7551/mitpress/7503.003.0024).

        Args:
            x: images, as for `fit`.
            epochs: positive int, for each layer.
            batch_size: int, for an array only.
            learning_rate: float, of Adam.
            verbose: as in `keras.Model.fit`.

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

    def get_config(self):
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
