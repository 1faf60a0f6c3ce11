"""Loads a SavedModel as TensorFlow Serving does: the C++ loader, without Python's TensorFlow or Keras.

A program of its own, to be run in a process of its own. It reads a job as JSON from its input and writes the
answers as JSON:

    {"library": …, "saved_model": …, "requests": [{"feeds": {"op:0": tensor}, "fetches": ["op:0", …]}, …]}
    {"answers": [{"code": 0, "message": "", "fetched": {"op:0": tensor}}, …], "modules": […]}

A tensor is {"shape": […], "floats" | "integers" | "strings": […]}, its strings in Base64.
"""

import base64
import ctypes
import json
import math
import sys

FLOAT, INT32, UINT8, STRING, INT64 = 1, 3, 4, 7, 9  # TF_DataType
NUMBERS = {
    FLOAT: ("floats", ctypes.c_float),
    INT32: ("integers", ctypes.c_int32),
    UINT8: ("integers", ctypes.c_uint8),
    INT64: ("integers", ctypes.c_int64),
}
STRING_BYTES = 24  # sizeof(TF_TString)


class Output(ctypes.Structure):
    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


POINTERS = (
    "TF_NewStatus TF_NewGraph TF_NewSessionOptions TF_LoadSessionFromSavedModel TF_GraphOperationByName "
    "TF_AllocateTensor TF_TensorData TF_StringGetDataPointer"
)


def open_library(path):
    library = ctypes.CDLL(path)
    for name in POINTERS.split():
        getattr(library, name).restype = ctypes.c_void_p
    library.TF_Message.restype = ctypes.c_char_p
    for name in ("TF_StringGetSize", "TF_Dim"):
        getattr(library, name).restype = ctypes.c_int64
    return library


class SavedModel:
    def __init__(self, library, path):
        self.tf = open_library(library)
        self.status = ctypes.c_void_p(self.tf.TF_NewStatus())
        self.graph = ctypes.c_void_p(self.tf.TF_NewGraph())
        self.session = ctypes.c_void_p(
            self.tf.TF_LoadSessionFromSavedModel(
                ctypes.c_void_p(self.tf.TF_NewSessionOptions()),
                None,
                path.encode(),
                (ctypes.c_char_p * 1)(b"serve"),
                1,
                self.graph,
                None,
                self.status,
            )
        )
        code, message = self.outcome()
        if code:
            raise RuntimeError(message)

    def outcome(self):
        return self.tf.TF_GetCode(self.status), self.tf.TF_Message(self.status).decode(errors="replace")

    def endpoints(self, names):
        found = (Output * len(names))()
        for endpoint, name in zip(found, names, strict=True):
            operation, index = name.rsplit(":", 1)
            endpoint.operation = self.tf.TF_GraphOperationByName(self.graph, operation.encode())
            endpoint.index = int(index)
            if not endpoint.operation:
                raise RuntimeError(f"no operation {operation}")
        return found

    def answer(self, feeds, fetches):
        fed = (ctypes.c_void_p * len(feeds))(*(self.write(tensor) for tensor in feeds.values()))
        fetched = (ctypes.c_void_p * len(fetches))()
        self.tf.TF_SessionRun(
            *(self.session, None),
            *(self.endpoints(list(feeds)), fed, len(feeds)),
            *(self.endpoints(fetches), fetched, len(fetches)),
            *(None, 0, None, self.status),
        )
        code, message = self.outcome()
        values = [] if code else [self.read(ctypes.c_void_p(tensor)) for tensor in fetched]
        return {"code": code, "message": message, "fetched": dict(zip(fetches, values, strict=not code))}

    def allocate(self, dtype, shape, size):
        tensor = self.tf.TF_AllocateTensor(
            dtype, (ctypes.c_int64 * len(shape))(*shape), len(shape), ctypes.c_size_t(size)
        )
        return tensor, self.tf.TF_TensorData(ctypes.c_void_p(tensor))

    def write(self, tensor):
        shape = tensor["shape"]
        count = math.prod(shape)
        if "strings" in tensor:
            handle, data = self.allocate(STRING, shape, count * STRING_BYTES)
            for i, text in enumerate(tensor["strings"]):
                content = base64.b64decode(text)
                string = ctypes.c_void_p(data + i * STRING_BYTES)
                self.tf.TF_StringInit(string)
                self.tf.TF_StringCopy(string, content, ctypes.c_size_t(len(content)))
            return handle
        ctype = ctypes.c_float
        handle, data = self.allocate(FLOAT, shape, count * ctypes.sizeof(ctype))
        ctypes.memmove(data, (ctype * count)(*tensor["floats"]), count * ctypes.sizeof(ctype))
        return handle

    def read(self, handle):
        shape = [self.tf.TF_Dim(handle, axis) for axis in range(self.tf.TF_NumDims(handle))]
        count = math.prod(shape)
        data, dtype = self.tf.TF_TensorData(handle), self.tf.TF_TensorType(handle)
        if dtype == STRING:
            strings = [ctypes.c_void_p(data + i * STRING_BYTES) for i in range(count)]
            contents = [
                ctypes.string_at(self.tf.TF_StringGetDataPointer(s), self.tf.TF_StringGetSize(s)) for s in strings
            ]
            return {"shape": shape, "strings": [base64.b64encode(content).decode() for content in contents]}
        kind, ctype = NUMBERS[dtype]
        return {"shape": shape, kind: list((ctype * count).from_address(data))}


def main():
    job = json.load(sys.stdin)
    model = SavedModel(job["library"], job["saved_model"])
    answers = [model.answer(**request) for request in job["requests"]]
    json.dump({"answers": answers, "modules": sorted(sys.modules)}, sys.stdout)


if __name__ == "__main__":
    main()
