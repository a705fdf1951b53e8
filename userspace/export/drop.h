/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AEO_DROP_H
#define AEO_DROP_H

#include "buf.h"

#define DROP_USER "autoecoops"
#define DROP_NOBODY 65534 /* where there is no such user, or no such group */

/*
 * Started as root: become the user above, with its groups, and lose every capability, for good; then make sure of it. Whoever started
 * us, no program that we would run could gain rights. 0 (also when there was nothing to drop), or negative errno and one line why.
 */
int drop__rights(struct buf *ret_error);

#endif
