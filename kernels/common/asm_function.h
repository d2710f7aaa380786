/* SPDX-License-Identifier: Apache-2.0
 *
 * A static function whose body is one assembler statement. The compiler must not draw conclusions
 * from a body that it cannot read: gcc would otherwise drop stores into structs that are passed.
 */
#ifndef KERNELS_COMMON_ASM_FUNCTION_H_
#define KERNELS_COMMON_ASM_FUNCTION_H_

#ifdef __clang__
#define ASM_FUNCTION __attribute__((naked, noinline))
#else
#define ASM_FUNCTION __attribute__((naked, noinline, noipa))
#endif

#endif /* KERNELS_COMMON_ASM_FUNCTION_H_ */
