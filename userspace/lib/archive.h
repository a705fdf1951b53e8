/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a .tar.gz of small files that are made in memory (POSIX ustar; zlib lives behind it). */
#ifndef AEO_ARCHIVE_H
#define AEO_ARCHIVE_H

#include "base.h"

struct archive;

/* Create the file at path, 0600; it must not exist, and the last part of path is no symbolic link.
 * NULL with errno. */
struct archive *archive__create(const char *path);
/* Add one file: name (relative, at most 99 bytes), n bytes, time of change in seconds since the
 * epoch; it is unpacked 0600, owner root. 0, -EINVAL or -ENAMETOOLONG for the name, -EFBIG above 1
 * GiB, -EIO (the archive is then useless). */
int archive__add(struct archive *a, const char *name, const void *data, size_t n, uint64_t mtime);
/* Write what is left and close. 0, or -EIO: also after an archive__add that answered so, and the
 * file is removed. a is freed. */
int archive__finish(struct archive *a);

#endif
