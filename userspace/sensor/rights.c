/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "priv.h"

/* What looking takes (ARCHITECTURE section 2): load and attach again, read /proc of others, read
 * the kernel's log. */
static const unsigned int kept[] = {CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
				    CAP_SYSLOG};

static bool is_kept(unsigned int cap)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == cap)
			return true;
	return false;
}

int rights__drop(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	for (unsigned int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!is_kept(cap))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		data[kept[i] / 32].permitted |= 1u << (kept[i] % 32);
		data[kept[i] / 32].effective |= 1u << (kept[i] % 32);
	}
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}
