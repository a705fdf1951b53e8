/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from a byte key to a value of fixed size that the map stores. Values stay where they
 * are until removed. */
#ifndef AEO_MAP_H
#define AEO_MAP_H

#include "base.h"

struct map;

/* Keys and values of these sizes in bytes (key at least 1), at most `most` entries. NULL with
 * errno. */
struct map *map__new(size_t key_size, size_t value_size, size_t most);
/* Free the map and its values' memory, not what they point to. Accepts NULL, returns NULL. */
struct map *map__free(struct map *m);
/* Value of a key, or NULL. Owned by the map. */
void *map__get(const struct map *m, const void *key);
/* Value of a key, zeroed when new; *ret_new says which (may be NULL). NULL with errno ENOMEM, or
 * ENOSPC when full. */
void *map__put(struct map *m, const void *key, bool *ret_new);
/* Remove a key. False when it was not there. */
bool map__remove(struct map *m, const void *key);
size_t map__count(const struct map *m);
/* Walk: start with *at = 0, until NULL. The entry just returned may be removed; nothing may be put
 * meanwhile. */
void *map__next(const struct map *m, size_t *at, const void **ret_key);

#endif
