/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor of `aeod run`: starts sensor and exporter with their rights, restarts them, hands
 * over descriptors. Parses nothing and reads no file. */
#ifndef AEO_SUPER_H
#define AEO_SUPER_H

#include "args.h"

/* Run until a signal or until what was started ended for good. The exit code of the program: 0, 1,
 * or 2 when the configuration is wrong. */
int super__run(const struct args *a);

#endif
