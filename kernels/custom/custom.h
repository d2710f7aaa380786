/* SPDX-License-Identifier: Apache-2.0
 *
 * Custom operators, whose C is the user's: a function of the type of `custom_function`.
 *
 *   void my_operator(const struct custom_op *op, const int8_t *const *in, int8_t *out,
 *                    void *scratch);
 *
 * `in` points to each operand's values and `out` to the result's, of the types that the model
 * declares: cast them. No operand lies over the result. `scratch` has the bytes that the file
 * beside the C asks for, aligned to 4, and holds nothing from call to call.
 */
#ifndef KERNELS_CUSTOM_CUSTOM_H_
#define KERNELS_CUSTOM_CUSTOM_H_

#include <stdint.h>

#define CUSTOM_AXES 6

struct custom_op {
  const uint8_t *options;     /* [options_bytes]: the operator's own, as the model holds them */
  const int32_t *shapes;      /* [inputs + 1][6]: leading axes of 1 fill up; the result's is last */
  const float *scales;        /* [inputs + 1]: 0 where there is none */
  const int32_t *zero_points; /* [inputs + 1] */
  int32_t options_bytes;
  int32_t inputs;
};

typedef void custom_function(const struct custom_op *op, const int8_t *const *in, int8_t *out,
                             void *scratch);

#endif /* KERNELS_CUSTOM_CUSTOM_H_ */
