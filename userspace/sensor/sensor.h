/* SPDX-License-Identifier: Apache-2.0 */
/* `aeod sensor`: the process that sees. The one folder that knows all rooms of aeod and joins
 * them. */
#ifndef AEO_SENSOR_H
#define AEO_SENSOR_H

#include "args.h"

/* Run until SIGTERM, SIGINT or until the supervisor is gone (end of file on descriptor 3). Exit
 * code: 0, 1, 2 configuration. */
int sensor__run(const struct args *a);

/* Read and check the configuration alone, saying what is wrong. Exit code: 0 or 2. */
int sensor__check_config(const struct args *a);

#endif
