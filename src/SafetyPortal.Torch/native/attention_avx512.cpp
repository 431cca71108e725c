#define NAMESPACE attention_avx512
#define WIDTH 16
#define ROWS 8
#include "attention_kernel.h"
