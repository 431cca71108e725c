#define NAMESPACE attention_avx2
#define WIDTH 8
#define ROWS 4
#include "attention_kernel.h"
