/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program was executed: argv as the kernel laid it out, which file (device, inode, change time),
 * and what descriptor 0 is. */
#include "probe.bpf.h"

/* unit execmarks */
#define MARK_MEMFD 1	 /* the program lies in memory only */
#define MARK_UPPER 2	 /* written in the upper layer of an overlay: not part of the image */
#define MARK_TRUNCATED 4 /* argv is longer than what is kept */
#define MARK_UNREAD 8	 /* argv could not be read */

#define EXEC_EXTRA 4 /* numbers beyond the slots: argv_bytes, marks, fd0_kind, fd0_family */

#define MAGIC_TMPFS 0x01021994
#define MAGIC_HUGETLB 0x958458f6
#define MAGIC_OVERLAY 0x794c7630
#define SB_KERNMOUNT (1 << 22)

/* A memfd lives in the kernel's own mount of tmpfs or hugetlbfs, which nothing else can execute
 * from. */
static __always_inline __u64 file_marks(struct inode *inode, struct super_block *sb)
{
	unsigned long magic = BPF_CORE_READ(sb, s_magic);

	if (magic == MAGIC_OVERLAY)
		return overlay_upper(inode) ? MARK_UPPER : 0;
	if ((magic == MAGIC_TMPFS || magic == MAGIC_HUGETLB) &&
	    BPF_CORE_READ(sb, s_flags) & SB_KERNMOUNT)
		return MARK_MEMFD;
	return 0;
}

static __always_inline void exec_file(struct aeo_big *b, struct mm_struct *mm)
{
	struct inode *inode = BPF_CORE_READ(mm, exe_file, f_inode);
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);

	b->ev.slot[1] = BPF_CORE_READ(sb, s_dev);
	b->ev.slot[2] = BPF_CORE_READ(inode, i_ino);
	b->ev.slot[3] = inode_ctime_ns(inode);
	b->extra[1] |= file_marks(inode, sb);
}

/* unit fdkind */
enum { FD_CLOSED, FD_FILE, FD_DIR, FD_PIPE, FD_SOCKET, FD_TTY, FD_CHAR, FD_BLOCK, FD_OTHER };

static __always_inline int is_tty(__u32 rdev)
{
	__u32 major = rdev >> 20;

	return major == 4 || major == 5 || (major >= 136 && major <= 143);
}

static __always_inline __u64 fd_kind(struct inode *inode)
{
	switch (BPF_CORE_READ(inode, i_mode) >> 12) {
	case 1:
		return FD_PIPE;
	case 2:
		return is_tty(BPF_CORE_READ(inode, i_rdev)) ? FD_TTY : FD_CHAR;
	case 4:
		return FD_DIR;
	case 6:
		return FD_BLOCK;
	case 8:
		return FD_FILE;
	case 12:
		return FD_SOCKET;
	}
	return FD_OTHER;
}

static __always_inline void exec_fd0(struct aeo_big *b, struct task_struct *t)
{
	struct file **fds = BPF_CORE_READ(t, files, fdt, fd), *file = NULL;
	struct socket *sock;

	bpf_probe_read_kernel(&file, sizeof(file), fds);
	if (!file)
		return;
	b->extra[2] = fd_kind(BPF_CORE_READ(file, f_inode));
	if (b->extra[2] != FD_SOCKET)
		return;
	sock = BPF_CORE_READ(file, private_data);
	b->extra[3] = BPF_CORE_READ(sock, sk, __sk_common.skc_family);
}

/* argv lies between arg_start and arg_end of the new memory, each argument ended by a NUL. Returns
 * the bytes kept. */
static __always_inline __u32 exec_argv(struct aeo_big *b, struct mm_struct *mm)
{
	unsigned long start = BPF_CORE_READ(mm, arg_start);
	unsigned long bytes = BPF_CORE_READ(mm, arg_end) - start;
	__u32 n = bytes;

	b->extra[0] = bytes;
	if (bytes > AEO_TAIL) {
		n = AEO_TAIL;
		b->extra[1] |= MARK_TRUNCATED;
	}
	if (!n)
		return 0;
	n = ((n - 1) & (AEO_TAIL - 1)) + 1;
	if (!bpf_probe_read_user(big_tail(b, EXEC_EXTRA), n, (void *)start))
		return n;
	b->extra[1] |= MARK_UNREAD;
	return 0;
}

AEO_PROG("tp_btf/sched_process_exec", exec_exec, struct task_struct *t, int old_pid,
	 struct linux_binprm *bprm)
{
	__u64 cgroup = task_cgroup(t);
	struct mm_struct *mm = t->mm;
	struct aeo_big *b;

	count_run(PROBE_exec);
	count_add(COUNT_exec, 0, 0, cgroup, 1);
	if (ours(t) || !(b = big_begin_of(PROBE_exec, t, cgroup)))
		return 0;
	__builtin_memset(b->extra, 0, EXEC_EXTRA * sizeof(b->extra[0]));
	b->ev.slot[0] = t->real_parent->tgid;
	exec_file(b, mm);
	exec_fd0(b, t);
	big_end(PROBE_exec, b, EXEC_EXTRA, exec_argv(b, mm));
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
