/* SPDX-License-Identifier: Apache-2.0
 *
 * For small programs that measure or test a kernel on an emulated board.
 */
#ifndef MCUNET_TF_BENCHMARK_FIRMWARE_REGION_H_
#define MCUNET_TF_BENCHMARK_FIRMWARE_REGION_H_

#include <stdint.h>

#include "core.h"        /* REGION_BEGIN(), REGION_END(): what lies between is counted */
#include "mark_layers.h" /* TINYENGINE_LAYER(index): parts of a region */

/* Sends bytes to the host; printf works too, and costs 20 kB. */
void region_write(const void *data, uint32_t size_bytes);

#endif /* MCUNET_TF_BENCHMARK_FIRMWARE_REGION_H_ */
