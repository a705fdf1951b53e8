/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's log: lines of real kernels to classes, forgeries refused, losses counted. */
#include "testing.h"

#include <sys/socket.h>

#include "files/kmsg.h"

struct line {
	enum kernel_log_class class_;
	const char *text, *device;
	int pid;
};

#define NOTHING KERNEL_LOG_MAX

static const struct line lines[] = {
	{KERNEL_LOG_hung_task, "INFO: task kworker/u8:0:1234 blocked for more than 122 seconds.",
	 "", 1234},
	{KERNEL_LOG_hung_task,
	 "INFO: task jbd2/vda1-8:203 blocked in I/O wait for more than 120 seconds.", "", 203},
	{KERNEL_LOG_soft_lockup, "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [stress:77]",
	 "", 0},
	{KERNEL_LOG_hard_lockup, "NMI watchdog: Watchdog detected hard LOCKUP on cpu 3", "", 0},
	{KERNEL_LOG_rcu_stall, "rcu: INFO: rcu_preempt self-detected stall on CPU", "", 0},
	{KERNEL_LOG_rcu_stall, "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "", 0},
	{KERNEL_LOG_rcu_stall,
	 "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... }", "", 0},
	{KERNEL_LOG_filesystem,
	 "EXT4-fs error (device vda1): ext4_find_entry:1683: inode #2: comm ls: reading directory lblock 0",
	 "vda1", 0},
	{KERNEL_LOG_filesystem,
	 "XFS (dm-3): Metadata I/O Error (0x1) detected at xfs_trans_read_buf_map+0x1", "dm-3", 0},
	{KERNEL_LOG_filesystem, "XFS (sda1): Filesystem has been shut down due to log error (0x2).",
	 "sda1", 0},
	{KERNEL_LOG_filesystem, "BTRFS error (device sdb: state EA): parent transid verify failed",
	 "sdb", 0},
	{KERNEL_LOG_filesystem, "Aborting journal on device dm-0-8.", "dm-0-8", 0},
	{KERNEL_LOG_read_only, "EXT4-fs (vda1): Remounting filesystem read-only", "vda1", 0},
	{KERNEL_LOG_read_only, "BTRFS info (device sdb: state E): forced readonly", "sdb", 0},
	{KERNEL_LOG_nvme,
	 "nvme nvme0: I/O tag 12 (100c) opcode 0x2 (I/O Cmd) QID 3 timeout, aborting req_op:READ(0) size:4096",
	 "nvme0", 0},
	{KERNEL_LOG_nvme,
	 "nvme nvme1: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0xffff", "nvme1",
	 0},
	{KERNEL_LOG_nvme,
	 "nvme0n1: I/O Cmd(0x2) @ LBA 1, 8 blocks, I/O Error (sct 0x2 / sc 0x81) DNR", "nvme0n1",
	 0},
	{KERNEL_LOG_ata, "ata1.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x6 frozen",
	 "ata1.00", 0},
	{KERNEL_LOG_ata, "ata3: hard resetting link", "ata3", 0},
	{KERNEL_LOG_scsi,
	 "sd 2:0:0:0: [sda] tag#0 FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age=0s",
	 "sda", 0},
	{KERNEL_LOG_block,
	 "I/O error, dev sdc, sector 2048 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2", "sdc",
	 0},
	{KERNEL_LOG_block, "blk_update_request: I/O error, dev dm-1, sector 0 op 0x1:(WRITE)",
	 "dm-1", 0},
	{KERNEL_LOG_block, "critical medium error, dev nvme0n1, sector 8 op 0x0:(READ)", "nvme0n1",
	 0},
	{KERNEL_LOG_block, "Buffer I/O error on dev dm-0, logical block 5, async page read", "dm-0",
	 0},
	{KERNEL_LOG_oom, "Out of memory: Killed process 4242 (java) total-vm:1kB", "", 4242},
	{KERNEL_LOG_oom, "Memory cgroup out of memory: Killed process 77 (python3) total-vm:9kB",
	 "", 77},
	{KERNEL_LOG_mce, "mce: [Hardware Error]: Machine check events logged", "", 0},
	{KERNEL_LOG_mce, "EDAC MC0: 1 CE memory read error on CPU_SrcID#0", "", 0},
	{KERNEL_LOG_bug, "BUG: kernel NULL pointer dereference, address: 0000000000000008", "", 0},
	{KERNEL_LOG_bug, "kernel BUG at fs/inode.c:42!", "", 0},
	{KERNEL_LOG_nic, "NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out", "eth0", 0},
	{NOTHING, "EXT4-fs (vda1): mounted filesystem with ordered data mode", "", 0},
	{NOTHING, "XFS (vda2): Ending clean mount", "", 0},
	{NOTHING, "traps: foo[123] general protection fault ip:1 sp:2 error:0", "", 0},
	{NOTHING, "metadata exception Emask ", "", 0},
	{NOTHING, "sd 2:0:0:0: [sda] tag#0 CDB: Read(10) 28 00", "", 0},
	{NOTHING, "", "", 0},
};

static void real_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct line *l = &lines[i];
		struct kmsg_record r = {.line = {l->text, strlen(l->text)}};
		struct kernel_log_finding k = {.class_ = NOTHING};
		bool found = kmsg__find(&r, &k);

		if (found != (l->class_ != NOTHING) || k.class_ != l->class_)
			fail_msg("\"%s\" is taken for %s", l->text, found ? k.name : "nothing");
		if (!found)
			continue;
		assert_string_equal(k.name, kernel_log__name(l->class_));
		if (strcmp(k.device, l->device) || k.pid != l->pid)
			fail_msg("\"%s\" names device \"%s\", process %d", l->text, k.device,
				 k.pid);
	}
}

static void records(void **state)
{
	static const char good[] = "4,1093,5140900,-,caller=T1;a line\n SUBSYSTEM=block\n";
	static const char *const bad[] = {"",	     "4",	  "4,5",     "4,5,6",
					  "4,5,6,-", "x,5,6,-;t", "4,,6,-;t"};
	struct kmsg_record r;

	(void)state;
	assert_true(kmsg__parse((struct text){good, strlen(good)}, &r));
	assert_int_equal(r.level, 4);
	assert_int_equal(r.facility, 0);
	assert_int_equal(r.seq, 1093);
	assert_int_equal(r.time_us, 5140900);
	assert_true(text__equal(r.line, "a line"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(kmsg__parse((struct text){bad[i], strlen(bad[i])}, &r));
}

static void count(void *arg, const struct kernel_log_finding *k)
{
	unsigned *n = arg;

	assert_int_equal(k->class_, KERNEL_LOG_oom);
	assert_int_equal(k->pid, 9);
	assert_memory_equal(k->text, "Out of", 6);
	(*n)++;
}

static void say(int fd, const char *record)
{
	assert_int_equal(send(fd, record, strlen(record), 0), (ssize_t)strlen(record));
}

/* A pair of sockets keeps records apart as /dev/kmsg does. */
static void reads_a_stream(void **state)
{
	struct kmsg k;
	unsigned told = 0;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	kmsg__adopt(&k, pair[0]);
	k.fn = count;
	k.arg = &told;
	say(pair[1], "3,10,1,-;Out of memory: Killed process 9 (a)\n");
	say(pair[1],
	    "11,11,1,-;Out of memory: Killed process 9 (forged by a process: facility 1)\n");
	say(pair[1], "6,14,1,-;something else\n");
	assert_int_equal(kmsg__read(&k), 0);
	assert_int_equal(told, 1);
	assert_int_equal(k.findings[KERNEL_LOG_oom], 1);
	assert_int_equal(k.lost, 2); /* 12 and 13 */
	kmsg__close(&k);
	assert_int_equal(k.fd, -1);
	assert_int_equal(kmsg__read(&k), -EBADF);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_lines),
		cmocka_unit_test(records),
		cmocka_unit_test(reads_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
