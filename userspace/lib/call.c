/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include "event.h"

struct call_row {
	uint32_t nr;
	const char *name;
};

static const struct call_row native[] = {
#define SYSCALL(nr, name) {nr, #name},
#if defined(__aarch64__)
#include "syscalls_arm64.def"
#else
#include "syscalls_x86_64.def"
#endif
};

static const struct call_row compat[] = {
#include "syscalls_i386.def"
#undef SYSCALL
};

/* Rows are sorted by number. */
static const char *find(const struct call_row *rows, size_t n, uint32_t nr)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (rows[mid].nr < nr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && rows[lo].nr == nr ? rows[lo].name : NULL;
}

const char *call__name(uint32_t call, char *text, size_t n)
{
	uint32_t nr = call & ~AEO_CALL_COMPAT;
	bool is_compat = call & AEO_CALL_COMPAT;
	const char *name = is_compat ? find(compat, ARRAY_SIZE(compat), nr) :
				       find(native, ARRAY_SIZE(native), nr);

	if (call == AEO_CALL_NONE)
		(void)snprintf(text, n, "none");
	else if (name)
		(void)snprintf(text, n, "%s%s", is_compat ? "compat:" : "", name);
	else
		(void)snprintf(text, n, "%scall_%u", is_compat ? "compat:" : "", nr);
	return text;
}
