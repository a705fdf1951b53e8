/* SPDX-License-Identifier: Apache-2.0 */
#include "drop.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int say(struct buf *error, const char *what, int err)
{
	buf__printf(error, "%s: %s", what, strerror(err));
	return -err;
}

static bool has_capability(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct c[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};

	if (syscall(SYS_capget, &head, c))
		return true;
	return c[0].permitted || c[1].permitted || c[0].effective || c[1].effective;
}

static int become(uid_t uid, gid_t gid, const char *user, struct buf *error)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	if (user ? initgroups(user, gid) : setgroups(0, NULL))
		return say(error, "cannot set the groups", errno);
	if (setresgid(gid, gid, gid))
		return say(error, "cannot set the group", errno);
	if (setresuid(uid, uid, uid))
		return say(error, "cannot set the user", errno);
	if (getresuid(&r, &e, &s) || r != uid || e != uid || s != uid)
		return say(error, "the user is not what was set", EPERM);
	if (getresgid(&gr, &ge, &gs) || gr != gid || ge != gid || gs != gid)
		return say(error, "the group is not what was set", EPERM);
	if (!setuid(0) || !setgid(0))
		return say(error, "root's rights can be had again", EPERM);
	return has_capability() ? say(error, "capabilities are left", EPERM) : 0;
}

int drop__rights(struct buf *ret_error)
{
	const struct passwd *p;
	const struct group *g;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return say(ret_error, "cannot renounce new rights", errno);
	if (geteuid() && getuid())
		return 0;
	p = getpwnam(DROP_USER);
	if (p && !p->pw_uid)
		return say(ret_error, "the user " DROP_USER " is root", EPERM);
	if (p)
		return become(p->pw_uid, p->pw_gid, DROP_USER, ret_error);
	g = getgrnam(DROP_USER);
	return become(DROP_NOBODY, g ? g->gr_gid : DROP_NOBODY, NULL, ret_error);
}
