"""The passes through the networks that a method's step cannot do without, and nothing else.

What `benchmarks.step` compares `fit` with: no augmentation, no loss of the method's own, no metrics, no optimizer.
Each is a function from a method to a compiled function of images (batch, height, width, channels). It returns the
sum of the outputs beside its gradient, because TensorFlow would leave out a last linear layer that nobody asks for.
"""

import functools

import tensorflow as tf

from keras_ssl.backbones import at_size
from keras_ssl.methods.predictor_mixin import PredictorMixin
from keras_ssl.tasks import ROTATIONS


def _gradients(forward, variables):
    """Forward and backward pass of `forward`, from images to a tensor."""

    @tf.function
    def step(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(forward(images))
        return loss, tape.gradient(loss, variables)

    return step


def two_views(method):
    """The encoder and its heads on both views."""
    forward, variables = _online(method)
    return _gradients(lambda images: forward(_twice(images)), variables)


def two_views_and_target(method):
    """The same, and the target forward on both views."""
    forward, variables = _online(method)

    def both(images):
        views = _twice(images)
        target = method.target_projector(method.target_encoder(views, training=True), training=True)
        return tf.reduce_sum(target) + tf.reduce_sum(forward(views))

    return _gradients(both, variables)


def crops(method):
    """The encoder on the large views and on the small ones, and the head and the last layer on all."""
    return _gradients(
        functools.partial(_crops, method, method.prototypes), _crop_variables(method, method.prototypes)
    )


def crops_and_target(method):
    """The same, and the target forward on the large views."""

    def forward(images):
        large = tf.concat([images] * method.large_views, axis=0)
        target = method.target_projector(method.target_encoder(large, training=True), training=True)
        taught = method.target_last_layer(target)
        return tf.reduce_sum(taught) + tf.reduce_sum(_crops(method, method.last_layer, images))

    return _gradients(forward, _crop_variables(method, method.last_layer))


def _twice(images):
    return tf.concat([images, images], axis=0)


def _online(method):
    """What learns: the encoder with its heads as a function of images, and its weights."""
    heads = [method.projector, *([method.predictor] if isinstance(method, PredictorMixin) else [])]

    def forward(images):
        x = method.encoder(images, training=True)
        for head in heads:
            x = head(x, training=True)
        return x

    return forward, [v for network in (method.encoder, *heads) for v in network.trainable_variables]


def _crops(method, last_layer, images):
    small_size = method.augmenter.local_size
    large = tf.concat([images] * method.large_views, axis=0)
    small = tf.concat([images[:, : small_size[0], : small_size[1]]] * method.small_views, axis=0)
    encoders = {method.encoder: large, at_size(method.encoder, small_size): small}
    features = tf.concat([encoder(views, training=True) for encoder, views in encoders.items()], axis=0)
    return last_layer(method.projector(features, training=True))


def _crop_variables(method, last_layer):
    networks = (method.encoder, method.projector, last_layer)
    return [v for network in networks for v in network.trainable_variables]


def four_rotations(method):
    """The encoder and its head on as many images as there are rotations."""

    def forward(images):
        return method.head(method.encoder(tf.concat([images] * ROTATIONS, axis=0), training=True))

    return _gradients(forward, method.trainable_variables)


def two_views_and_four_rotations(method):
    """The encoder with a projector on both views, and with a linear head on the rotations: two tasks of several."""
    projector, head = method.tasks["contrastive"].projector, method.tasks["rotation"].head

    def forward(images):
        projections = projector(method.encoder(_twice(images), training=True), training=True)
        logits = head(method.encoder(tf.concat([images] * ROTATIONS, axis=0), training=True))
        return tf.reduce_sum(projections) + tf.reduce_sum(logits)

    return _gradients(forward, method.trainable_variables)


def tiles(method):
    """The encoder on the tiles of a puzzle, and the head on their features."""
    height, width = method.puzzle.tile_size

    def forward(images):
        tiles = tf.concat([images[:, :height, :width]] * method.puzzle.grid**2, axis=0)
        features = method.tile_encoder(tiles, training=True)
        return method.head(tf.reshape(features, (-1, method.task.tile_features)), training=True)

    return _gradients(forward, method.trainable_variables)


def code_and_back(method):
    """The encoder, and the decoder on its code."""

    def forward(images):
        return method.decoder(method.encoder(images, training=True), training=True)

    return _gradients(forward, [*method.encoder.trainable_variables, *method.decoder.trainable_variables])


def code_distribution_and_back(method):
    """The encoder with the posterior's parameters, and the decoder on as many numbers as a latent has."""

    def forward(images):
        parameters = method.posterior(method.encoder(images, training=True))
        return tf.reduce_sum(parameters) + method.decoder(parameters[:, : method.latent_dim], training=True)

    return _gradients(forward, method.trainable_variables)


def visible_patches_and_back(method):
    """The encoder on as many patches as stay visible, and the decoder on all."""
    layer = method.encoder.get_layer

    def forward(images):
        tokens = layer("patch_tokens")(layer("rescaling")(images))
        encoded = layer("transformer")(tokens[:, : method.visible_patches], training=True)
        known = method.decoder_embedding(encoded)
        asked = tf.zeros((tf.shape(images)[0], method.masked_patches, method.decoder_width), known.dtype)
        decoded = method.decoder(tf.concat([known, asked], axis=1), training=True)
        return method.pixel_head(decoded[:, -method.masked_patches :])

    # The mask token is no pass.
    variables = [v for v in method.trainable_variables if v is not method.mask_token]
    return _gradients(forward, variables)


def feature_map_and_pixels(method):
    """The encoder up to its feature map, and the linear head."""

    def forward(images):
        return method.pixel_head(method.feature_map(images, training=True))

    return _gradients(forward, [*method.feature_map.trainable_variables, *method.pixel_head.trainable_variables])


def two_players(method):
    """The generator once; the discriminator on real and drawn images, and on drawn ones again for the generator."""
    generator, discriminator = method.generator, method.discriminator

    @tf.function
    def step(images):
        latents = tf.zeros((tf.shape(images)[0], method.latent_dim))
        with tf.GradientTape() as generator_tape:
            drawn = generator(latents, training=True)
        with tf.GradientTape() as discriminator_tape:
            judged = [tf.reduce_sum(discriminator(batch, training=True)) for batch in (images, drawn)]
            loss = tf.add_n(judged)
        gradients = discriminator_tape.gradient(loss, discriminator.trainable_variables)
        with generator_tape, tf.control_dependencies(gradients):  # the generator plays against the updated one
            fooled = tf.reduce_sum(discriminator(drawn, training=True))
        return loss, fooled, gradients, generator_tape.gradient(fooled, generator.trainable_variables)

    return step
