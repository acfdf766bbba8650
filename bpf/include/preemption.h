/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * From Linux 6.13 the JIT gives a uprobe program whose frame takes 64 bytes or more a stack per CPU, although
 * such a program can be preempted by another instance of itself: the two then write over each other's stack.
 * Each program is therefore a small entry, whose own frame stays on the kernel's stack, around a function of
 * its own (__noinline) that runs while preemption is off. A kernel without the two kfuncs (before 6.13) has no
 * private stacks, and the calls are compiled away when the program is loaded.
 */
#ifndef EBPFGO_PREEMPTION_H
#define EBPFGO_PREEMPTION_H

#include "types.h"

extern void bpf_preempt_disable(void) __attribute__((section(".ksyms"))) __attribute__((weak));
extern void bpf_preempt_enable(void) __attribute__((section(".ksyms"))) __attribute__((weak));

static __always_inline void hold_cpu(void)
{
	if (bpf_preempt_disable)
		bpf_preempt_disable();
}

static __always_inline void release_cpu(void)
{
	if (bpf_preempt_enable)
		bpf_preempt_enable();
}

#endif
