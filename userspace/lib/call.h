/* SPDX-License-Identifier: Apache-2.0 */
/* Names of system calls, from the tables made of the kernel's headers. */
#ifndef AEO_CALL_H
#define AEO_CALL_H

#include "base.h"

/* Name of a call number of this machine's table, or of the 32-bit one when AEO_CALL_COMPAT is set
 * ("compat:open"); "call_N" for a number without a name. Written into text (at least 48 bytes),
 * which is returned. */
const char *call__name(uint32_t call, char *text, size_t n);

#endif
