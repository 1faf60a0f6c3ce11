from typing import Any

import keras


class OwnLossModel(keras.Model):
    """A `keras.Model` with a loss of its own: it is compiled with an optimizer alone, and saved as it was compiled.

    Keras saves "auto" as what it meant on this machine, and loses the state of an optimizer that is not built when
    the weights are loaded.
    """

    def compile(
        self,
        optimizer: str | keras.Optimizer = "adam",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets the optimizer. The model has its own loss.

        Args:
            optimizer: A `keras.optimizers.Optimizer` or its name. Defaults to `"adam"`.
            loss: Not allowed, and neither are `loss_weights`, `metrics` and `weighted_metrics`: the model has its
                own.
            loss_weights: See `loss`.
            metrics: See `loss`.
            weighted_metrics: See `loss`.
            run_eagerly: Boolean. Whether to run the step in Python, for debugging. Defaults to `False`.
            steps_per_execution: Integer. Batches per call from Python. Defaults to `1`.
            jit_compile: `True` compiles the whole step with XLA. `"auto"` does so on an accelerator; on a CPU and
                under tf.distribute it compiles only the augmenter. `False` compiles nothing. Defaults to `"auto"`.
            auto_scale_loss: Boolean. Whether to scale the loss under the policy mixed_float16. Defaults to `True`.

        Raises:
            ValueError: If there is a loss or a metric, which the model has itself, or with `jit_compile=True` on
                several replicas.
        """
        own = {"loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics}
        own = {name: value for name, value in own.items() if value}
        if own:
            raise ValueError(
                f"{type(self).__name__} has its own loss and metrics: compile it with an optimizer and, if you "
                "like, run_eagerly, steps_per_execution, jit_compile and auto_scale_loss. Received: "
                + ", ".join(f"{name}={value!r}" for name, value in own.items())
            )
        if jit_compile is True and self._replicas > 1:
            raise ValueError(
                "tf.distribute cannot run inside one XLA program on several replicas; leave jit_compile='auto', "
                "which still compiles the augmenter. Received: jit_compile=True"
            )
        arguments = {
            "optimizer": optimizer,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            "auto_scale_loss": auto_scale_loss,
        }
        if jit_compile == "auto" and self._replicas > 1:
            jit_compile = False
        super().compile(**{**arguments, "jit_compile": jit_compile})
        self._compile_arguments = arguments

    def get_compile_config(self) -> dict | None:
        """The arguments of `compile`, with "auto" kept, because another machine may load them."""
        if not self.compiled:
            return None
        return keras.saving.serialize_keras_object(self._compile_arguments)

    def compile_from_config(self, config: dict) -> None:
        """Compiles as the saved model was, and builds the optimizer so that its state can be loaded."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    @property
    def _replicas(self):
        return self.distribute_strategy.num_replicas_in_sync
