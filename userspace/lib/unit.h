/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of events and labels as people read them: enums from units.def, calls, devices,
 * signals. */
#ifndef AEO_UNIT_H
#define AEO_UNIT_H

#include "base.h"

/* Text of a value of an enum unit (a row of units.def), or NULL when the unit is no enum or has no
 * such value. Static. */
const char *unit__enum(const char *unit, uint64_t value);
/* Text of a value by its unit: enum rows, "call", "signal", "dev" (major:minor), "bool", "ns",
 * "bytes", else the plain number. Flag units (whose rows are powers of two) are joined by ",".
 * Written into text, which is returned. */
const char *unit__text(const char *unit, uint64_t value, char *text, size_t n);
/* Name of a block device by the kernel's number (major << 20 | minor), from ROOT/sys/dev/block;
 * "major:minor" when it is gone. The answer is remembered; not for use from several threads. */
const char *device__name(const char *root, uint32_t dev);

#endif
