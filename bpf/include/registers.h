/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The registers of Go's ABIInternal (cmd/compile/abi-internal.md) as the kernel hands them to a uprobe program.
 * The structures repeat struct pt_regs of arch/x86/include/uapi/asm/ptrace.h and struct user_pt_regs of
 * arch/arm64/include/uapi/asm/ptrace.h, because the headers of one machine serve one architecture only.
 */
#ifndef EBPFGO_REGISTERS_H
#define EBPFGO_REGISTERS_H

#include "memory.h"

#if defined(__TARGET_ARCH_x86)

struct registers {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax, rip, cs, eflags, rsp, ss;
};

/* argument_N: the Nth word of the arguments or results, counted from 0. */
static __always_inline u64 argument_0(const struct registers *ctx) { return ctx->rax; }
static __always_inline u64 argument_1(const struct registers *ctx) { return ctx->rbx; }
static __always_inline u64 argument_2(const struct registers *ctx) { return ctx->rcx; }
static __always_inline u64 argument_3(const struct registers *ctx) { return ctx->rdi; }
static __always_inline u64 argument_4(const struct registers *ctx) { return ctx->rsi; }
static __always_inline u64 argument_5(const struct registers *ctx) { return ctx->r8; }

/* goroutine_pointer: *runtime.g of the running goroutine. */
static __always_inline u64 goroutine_pointer(const struct registers *ctx) { return ctx->r14; }
static __always_inline u64 stack_pointer(const struct registers *ctx) { return ctx->rsp; }
/* frame_pointer: of the running function, behind its prologue; before it, of the caller. It points to the caller's. */
static __always_inline u64 frame_pointer(const struct registers *ctx) { return ctx->rbp; }
/* closure_pointer: at the entry of a closure, the func value that was called. */
static __always_inline u64 closure_pointer(const struct registers *ctx) { return ctx->rdx; }
static __always_inline u64 instruction_pointer(const struct registers *ctx) { return ctx->rip; }
/* return_address: at the entry of a function. */
static __always_inline u64 return_address(const struct registers *ctx) { return read_word(ctx->rsp); }

/*
 * morestack_follows: the probe sits on the JBE of a stack check that will be taken: the stack grows and the
 * function starts over, so this hit is not its entry. JBE jumps when CF or ZF is set.
 */
static __always_inline bool morestack_follows(const struct registers *ctx)
{
	const u64 carry = 1 << 0, zero = 1 << 6;

	return ctx->eflags & (carry | zero);
}

/* compared_equal: what was compared before a conditional jump that a probe sits on is equal. */
static __always_inline bool compared_equal(const struct registers *ctx)
{
	return ctx->eflags & 1 << 6; /* ZF */
}

#elif defined(__TARGET_ARCH_arm64)

struct registers {
	u64 regs[31];
	u64 sp, pc, pstate;
};

static __always_inline u64 argument_0(const struct registers *ctx) { return ctx->regs[0]; }
static __always_inline u64 argument_1(const struct registers *ctx) { return ctx->regs[1]; }
static __always_inline u64 argument_2(const struct registers *ctx) { return ctx->regs[2]; }
static __always_inline u64 argument_3(const struct registers *ctx) { return ctx->regs[3]; }
static __always_inline u64 argument_4(const struct registers *ctx) { return ctx->regs[4]; }
static __always_inline u64 argument_5(const struct registers *ctx) { return ctx->regs[5]; }
static __always_inline u64 goroutine_pointer(const struct registers *ctx) { return ctx->regs[28]; }
static __always_inline u64 stack_pointer(const struct registers *ctx) { return ctx->sp; }
static __always_inline u64 frame_pointer(const struct registers *ctx) { return ctx->regs[29]; }
static __always_inline u64 closure_pointer(const struct registers *ctx) { return ctx->regs[26]; }
static __always_inline u64 instruction_pointer(const struct registers *ctx) { return ctx->pc; }
static __always_inline u64 return_address(const struct registers *ctx) { return ctx->regs[30]; }

/* The same for B.LS, which jumps when C is clear or Z is set. */
static __always_inline bool morestack_follows(const struct registers *ctx)
{
	const u64 carry = 1 << 29, zero = 1 << 30;

	return !(ctx->pstate & carry) || (ctx->pstate & zero);
}

static __always_inline bool compared_equal(const struct registers *ctx)
{
	return ctx->pstate & 1 << 30; /* Z */
}

#else
#error "unsupported architecture: build with __TARGET_ARCH_x86 or __TARGET_ARCH_arm64"
#endif

#endif
