# SPDX-License-Identifier: Apache-2.0
"""The alert rules: what is measured, when it is too much, and what a person does about it.

Measure and condition stand apart, so that a test can see that the measure finds series, also while nothing is wrong. `generate` makes
alerts/autoecoops.yaml of them and refuses a family that no row of the metric tables has.
"""


class Alert:
    def __init__(self, name, measure, condition, after, severity, summary, description):
        self.name, self.measure, self.condition = name, measure, condition
        self.after, self.severity = after, severity
        self.summary, self.description = summary, description

    @property
    def expression(self):
        return f"{self.measure} {self.condition}"


GROUPS = {
    "autoecoops-self": [
        Alert("AeoAbsent", "absent(aeo_build_info)", "== 1", "5m", "critical", "AutoEcoOps delivers no metrics",
              "No target delivers aeo_build_info. Look at `aeod status` and `systemctl status autoecoops` on the nodes."),
        Alert("AeoEventsLost", "sum by (instance, probe, cause) (rate(aeo_lost_total[5m]))", "> 0", "5m", "warning",
              "Probe {{ $labels.probe }} on {{ $labels.instance }} loses events",
              "{{ $value | humanize }} events a second did not arrive, cause {{ $labels.cause }}. What is concluded from events is incomplete."),
        Alert("AeoProbeOff", "aeo_probe_on", "== 0", "10m", "info", "Probe {{ $labels.probe }} on {{ $labels.instance }} is off",
              "It was switched off (sense.off), or this kernel refuses it: `aeod probes` says why."),
        Alert("AeoShedding", "max by (instance, level) (aeo_budget_shed)", "> 0", "10m", "warning",
              "AutoEcoOps on {{ $labels.instance }} sheds {{ $labels.level }}",
              "A ceiling of budget.* is met, and this kind of work is left out until load falls. `aeod status` shows which ceiling."),
        Alert("AeoSeriesCapped", "sum by (instance) (aeo_series_other_total)", "> 0", "1h", "info",
              "Series on {{ $labels.instance }} are summed up in `other`",
              "More series exist than export.series or a family's cap allows; aeo_series_other_total says which families."),
        Alert("AeoRingFull", "max by (instance, ring) (aeo_ring_used_bytes / aeo_ring_size_bytes)", "> 0.8", "2m", "warning",
              "Ring {{ $labels.ring }} on {{ $labels.instance }} is nearly full", "Events will be lost when it is full: the sensor is too slow or the node too busy."),
        Alert("AeoTasksWithoutPlace", "sum by (instance) (rate(aeo_tasks_without_place_total[5m]) + rate(aeo_calls_without_place_total[5m]))", "> 0", "10m",
              "warning", "AutoEcoOps on {{ $labels.instance }} has no place for some tasks or calls", "A table in the kernel is full: times and counts of the affected ones are missing."),
        Alert("AeoTickLate", "aeo_tick_lag_seconds", "> 1", "5m", "warning", "The sensor on {{ $labels.instance }} is late",
              "Its last tick began {{ $value | humanizeDuration }} late: the node is short of CPU, or the sensor's ceiling is too low."),
        Alert("AeoRestarting", "increase(aeo_self_restarts_total[15m])", "> 2", "0m", "warning",
              "{{ $labels.process }} on {{ $labels.instance }} restarts again and again", "`journalctl -u autoecoops` says why it ended."),
        Alert("AeoScrapesFail", "sum by (instance, cause) (rate(aeo_export_failures_total[5m]))", "> 0", "5m", "warning",
              "Some scrapes of {{ $labels.instance }} fail", "The exporter answered 503, cause {{ $labels.cause }}."),
        Alert("AeoCertificateEnds", "((aeo_export_certificate_expiry_timestamp_seconds > 0) - time()) / 86400", "< 7", "1h", "warning",
              "The certificate of {{ $labels.instance }} ends in {{ $value | humanize }} days", "Replace the files of export.tls_certificate and export.tls_key: they are read again by themselves."),
        Alert("AeoCertificateUnusable", "increase(aeo_export_certificate_failures_total[10m])", "> 0", "0m", "warning",
              "A new certificate of {{ $labels.instance }} cannot be used", "The old one stays in use. The exporter's log names the file and the reason."),
    ],
    "autoecoops-node": [
        Alert("NodeCpuWait", "histogram_quantile(0.99, sum by (instance, le) (rate(aeo_node_runqueue_seconds_bucket[5m])))", "> 0.05", "10m", "warning",
              "Tasks on {{ $labels.instance }} wait long for a CPU", "One start in a hundred waits more than {{ $value | humanizeDuration }}. `aeod top` shows who waits."),
        Alert("NodeSlowDisk", "histogram_quantile(0.99, sum by (instance, le) (rate(aeo_node_block_seconds_bucket[5m])))", "> 0.1", "10m", "warning",
              "Block I/O on {{ $labels.instance }} is slow", "One request in a hundred takes more than {{ $value | humanizeDuration }}. aeo_block_seconds names device and cgroup."),
        Alert("NodeHungTasks", "max by (instance, cgroup, call) (aeo_tasks_blocked_oldest_seconds)", "> 120", "1m", "critical",
              "A task of {{ $labels.cgroup }} on {{ $labels.instance }} hangs", "In {{ $labels.call }}, uninterruptible, for {{ $value | humanizeDuration }}: usually a disk or a network file system that does not answer."),
        Alert("NodeKernelFault", "increase(aeo_kernel_log_findings_total[10m])", "> 0", "0m", "critical",
              "The kernel of {{ $labels.instance }} reports {{ $labels.class }}", "`journalctl -k` on the node has the message."),
        Alert("NodeFilesystemFull", "1 - aeo_filesystem_available_bytes / (aeo_filesystem_size_bytes > 0)", "> 0.95", "15m", "warning",
              "{{ $labels.mount }} on {{ $labels.instance }} is {{ $value | humanizePercentage }} full", "Free space, or writing will fail."),
        Alert("NodeInodesGone", "1 - aeo_filesystem_inodes_free / (aeo_filesystem_inodes > 0)", "> 0.95", "15m", "warning",
              "{{ $labels.mount }} on {{ $labels.instance }} has nearly no inodes left", "{{ $value | humanizePercentage }} are used: no new file can be made when they are gone, however much space is free."),
        Alert("NodeFilesystemClosed", "aeo_filesystem_readonly - aeo_filesystem_readonly offset 30m", "> 0", "0m", "critical",
              "{{ $labels.mount }} on {{ $labels.instance }} became read-only", "The kernel closes a file system after an error: look at `journalctl -k` before it is mounted again."),
        Alert("NodeDescriptorsGone", "aeo_descriptors_open / aeo_descriptors_limit", "> 0.9", "10m", "warning",
              "{{ $labels.instance }} has nearly no open files left", "fs.file-max allows no more than these; `lsof` shows who holds them."),
        Alert("NodeNicErrors", "sum by (instance, device, op) (rate(aeo_nic_errors_total[5m]))", "> 1", "10m", "warning",
              "{{ $labels.device }} on {{ $labels.instance }} has errors", "{{ $value | humanize }} a second, {{ $labels.op }}: cable, port or driver."),
        Alert("NodeBacklogDrops", "sum by (instance) (rate(aeo_nic_softnet_total{class=\"dropped\"}[5m]))", "> 0", "5m", "warning",
              "{{ $labels.instance }} drops packets before they reach a protocol", "The backlog of a CPU is full: net.core.netdev_max_backlog, or interrupts on too few CPUs."),
        Alert("NodeAcceptQueueFull", "sum by (instance, cgroup, netns) (rate(aeo_tcp_listen_overflows_total[5m]))", "> 0", "5m", "warning",
              "A listening socket on {{ $labels.instance }} takes connections too slowly", "Near {{ $labels.cgroup }}: connections meet a full accept queue."),
    ],
    "autoecoops-cgroup": [
        Alert("CgroupCpuWait", "histogram_quantile(0.99, sum by (instance, cgroup, le) (rate(aeo_runqueue_seconds_bucket[5m])))", "> 0.1", "10m", "warning",
              "{{ $labels.cgroup }} on {{ $labels.instance }} waits long for a CPU", "One start in a hundred waits more than {{ $value | humanizeDuration }}."),
        Alert("CgroupThrottled", "rate(aeo_throttled_periods_total[5m]) / clamp_min(rate(aeo_cpu_periods_total[5m]), 0.001)", "> 0.25", "15m", "warning",
              "{{ $labels.cgroup }} on {{ $labels.instance }} is throttled", "In {{ $value | humanizePercentage }} of its periods the CPU quota was used up. Raise the limit, or look at what it does in bursts."),
        Alert("CgroupMemoryPressure", "rate(aeo_pressure_seconds_total{resource=\"memory\",class=\"full\"}[5m])", "> 0.1", "10m", "warning",
              "{{ $labels.cgroup }} on {{ $labels.instance }} stands still for want of memory", "{{ $value | humanizePercentage }} of the time all its tasks wait for memory."),
        Alert("CgroupIoPressure", "rate(aeo_pressure_seconds_total{resource=\"io\",class=\"full\"}[5m])", "> 0.5", "15m", "warning",
              "{{ $labels.cgroup }} on {{ $labels.instance }} stands still for want of I/O", "{{ $value | humanizePercentage }} of the time all its tasks wait for I/O."),
        Alert("CgroupOomKill", "sum by (instance, cgroup) (increase(aeo_oom_total[10m]))", "> 0", "0m", "warning",
              "The kernel killed a process of {{ $labels.cgroup }} on {{ $labels.instance }}", "For want of memory. `aeod events` names victim, limit and who asked for more."),
        Alert("CgroupMemoryLimit", "aeo_memory_bytes / ignoring (class) aeo_memory_limit_bytes{class=\"max\"}", "> 0.95", "10m", "info",
              "{{ $labels.cgroup }} on {{ $labels.instance }} is at its memory limit", "{{ $value | humanizePercentage }} of it is charged; page cache counts too, so look at pressure before raising it."),
        Alert("CgroupPidsLimit", "aeo_pids / aeo_pids_limit", "> 0.9", "10m", "warning",
              "{{ $labels.cgroup }} on {{ $labels.instance }} has nearly as many tasks as it may", "fork and clone fail at the limit."),
        Alert("CgroupZombies", "sum by (instance, cgroup) (aeo_zombies)", "> 100", "15m", "warning",
              "{{ $labels.cgroup }} on {{ $labels.instance }} gathers zombies", "{{ $value | humanize }} ended processes wait for their parent; each holds a pid."),
        Alert("CgroupRetransmits", "sum by (instance, cgroup) (rate(aeo_tcp_retransmits_total[5m]))", "> 50", "10m", "warning",
              "{{ $labels.cgroup }} on {{ $labels.instance }} sends much again", "{{ $value | humanize }} TCP segments a second: loss or congestion on its way."),
    ],
}
