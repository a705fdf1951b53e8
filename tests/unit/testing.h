/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes first. */
#ifndef AEO_TESTING_H
#define AEO_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those four before it */
#include <cmocka.h>

#include "buf.h"

/* b holds exactly these bytes; b is emptied. */
#define assert_buf(b, text)                                            \
	do {                                                           \
		assert_false((b)->failed);                             \
		assert_string_equal((b)->data ? (b)->data : "", text); \
		assert_int_equal((b)->len, strlen(text));              \
		buf__clear(b);                                         \
	} while (0)

#endif
