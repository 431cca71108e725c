#define NAMESPACE attention_base
#define WIDTH 4
#define ROWS 4
#include "attention_kernel.h"
