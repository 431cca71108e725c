// What bfloat16.cpp offers to the rest of the shim.
#pragma once

#include "shim.h"

enum class Activation : int64_t { silu, gelu };

// Whether the tensor's activations are looked up instead of computed.
bool activatesByTable(const Tensor& x);

// Value and gradient of first order; a second derivative is not available.
Tensor activateByTable(const Tensor& x, Activation kind);
