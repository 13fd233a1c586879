// Makes the emulated chip two to three times as fast: what it runs often is compiled.
//
//   const [emulator, compiled] = speedUp(PACKAGE);   in place of require(PACKAGE)
//   const blocks = compiled(mcu.core);
//   blocks.run(64)                                   in place of core.executeInstruction()
//
// The emulator asks about each instruction, each time, up to 83 questions: is it an ADCS, is it an
// ADD, ... and then takes it apart. Here a block, which is the instructions up to the next branch,
// becomes one JavaScript function once it has been run a few times. It is put together from the
// emulator's own text for each instruction, with the opcode as a constant, so that the engine works
// out the rest beforehand. Interrupts come between two instructions as before. lockstep.cjs holds
// the result to the emulator's own.
'use strict';
const fs = require('fs');
const Module = require('module');
const path = require('path');

const LONGEST = 32; // instructions of a block
const OFTEN = 200; // times that one is run before it is compiled
const NEVER = -Infinity; // the count of what the emulator has to do itself

const PAGE = 12, PAGE_MASK = (1 << PAGE) - 1; // as one array they would be too sparse to be fast
const FLASH = 0x10000000, RAM = 0x20000000;

// What ends a block: all that goes on elsewhere, sleeps, or asks the world outside. ADD and MOV do
// so where their target is the program counter.
const TO_PC_MASK = 0xfd87, TO_PC = 0x4487;
const LAST = /\.PC\s*[+-]?=[^=]|BXWritePC|waiting|onBreak|exceptionReturn|SVCall|interruptsUpdated/;

// What an access to a peripheral may do: the next instruction is one of a handler.
const MEMORY = /(read|write)Uint/;
const INTERRUPTED = 'if (core.interruptsUpdated) { core.cycles += deltaCycles; return deltaCycles; }';

// Loads the package with a core whose text can be completed: `inScope` sees the module's own names.
function load(folder) {
  const file = path.join(folder, 'dist/cjs/cortex-m0-core.js');
  const core = new Module(file);
  core.filename = file;
  core.paths = Module._nodeModulePaths(path.dirname(file));
  require.cache[file] = core;
  const text = fs.readFileSync(file, 'utf8') + '\nexports.inScope = (text) => eval(text);';
  core._compile(text, file);
  core.loaded = true;
  return [require(folder), core.exports];
}

// The text of executeInstruction as [condition, what is done then], in its order.
function instructions({ CortexM0Core, inScope }) {
  const text = CortexM0Core.prototype.executeInstruction.toString();
  const chain = text.slice(text.indexOf('let deltaCycles = 1;'), text.lastIndexOf('this.cycles +='));
  const parts = chain.split(/^ {8}(?:else )?if \((.*)\) \{$|^ {8}else \{$/m).slice(1);
  const found = [];
  for (let i = 0; i < parts.length; i += 2) {
    const body = parts[i + 1].slice(0, parts[i + 1].lastIndexOf('}')).replace(/\bthis\b/g, 'core');
    if (parts[i] !== undefined) {
      found.push([inScope(`(opcode, opcode2) => ${parts[i]}`), body]);
    }
  }
  if (found.length !== 83) throw new Error(`${found.length} kinds of instructions: another emulator`);
  return found;
}

// For each place of a memory: how often the instruction there was run, then its block.
function pages(size) {
  return Array.from({ length: size >> PAGE }, () => new Array((1 << PAGE) / 2).fill(0));
}

class Blocks {
  constructor(core, kinds, inScope, often) {
    this.core = core;
    this.often = often;
    this.kinds = kinds;
    this.inScope = inScope;
    this.flash = pages(core.rp2040.flash.length);
    this.ram = pages(core.rp2040.sram.length);
    this.rom = pages(core.rp2040.bootrom.length * 4);
  }

  // Runs blocks for about as many cycles; returns their number.
  run(most) {
    const { core } = this;
    let cycles = 0;
    do {
      if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
      const pc = core.registers[15] & ~1;
      const memory = pc >= RAM ? this.ram : pc >= FLASH ? this.flash : this.rom;
      const blocks = memory[(pc & 0xffffff) >> PAGE];
      const at = (pc & PAGE_MASK) >> 1;
      const block = blocks === undefined ? 0 : blocks[at];
      if (typeof block === 'function') {
        const passed = block(core);
        if (passed) cycles += passed;
        else blocks[at] = 0; // other code is there now
      } else {
        if (blocks !== undefined) {
          blocks[at] = block < this.often ? block + 1 : this.compile(pc) || NEVER;
        }
        cycles += core.executeInstruction();
      }
    } while (cycles < most && !core.waiting);
    return cycles;
  }

  // Forgets what was compiled from these bytes of the flash. (A block may begin a page before.)
  flashChanged(first, size) {
    for (let page = Math.max((first >> PAGE) - 1, 0); page << PAGE < first + size; page++) {
      this.flash[page].fill(0);
    }
  }

  compile(start) {
    const { core } = this;
    const code = [];
    let pc = start, last = false;
    while (!last && code.length < LONGEST) {
      const opcode = core.readUint16(pc);
      const wide = opcode >> 12 === 0b1111 || opcode >> 11 === 0b11101;
      const opcode2 = wide ? core.readUint16(pc + 2) : 0;
      const kind = this.kinds.find(([condition]) => condition(opcode, opcode2));
      if (kind === undefined) break;
      const body = kind[1];
      last = wide || (opcode & TO_PC_MASK) === TO_PC || LAST.test(body);
      code.push(`{ core.registers[15] = ${pc + 2};
        deltaCycles++;
        const opcode = ${opcode}, opcode2 = ${opcode2}, opcodePC = ${pc};\n${body} }
        ${!last && MEMORY.test(body) ? INTERRUPTED : ''}`);
      pc += wide ? 4 : 2;
    }
    if (!code.length) return 0;
    return this.inScope(`(function (core) {
      ${start >= RAM ? this.check(start, pc) : ''}
      const bank = core.registers;
      let deltaCycles = 0;
      ${code.join('\n').replace(/core\.registers/g, 'bank')}
      core.cycles += deltaCycles;
      return deltaCycles;
    })`);
  }

  // Memory may hold other code by now: then nothing is done.
  check(start, end) {
    const tests = [];
    for (let at = (start - RAM) >> 2; at < (end - RAM) / 4; at++) {
      tests.push(`sram[${at}] !== ${this.core.sram32[at]}`);
    }
    return `const sram = core.sram32;\nif (${tests.join(' || ')}) return 0;`;
  }
}

// Memory is most of what is read and written: it is asked first, and needs no other question.
function shortenWays(core) {
  const { sram } = core.rp2040;
  const size = sram.length;
  const sram16 = new Uint16Array(sram.buffer), sram32 = new Uint32Array(sram.buffer);
  const flash = core.rp2040.flash, flashSize = flash.length;
  const flash16 = new Uint16Array(flash.buffer), flash32 = new Uint32Array(flash.buffer);
  const { readUint32, readUint16, readUint8, writeUint32, writeUint16, writeUint8 } = core;
  core.sram32 = sram32;
  core.readUint32 = (address) => {
    const at = (address - RAM) >>> 0;
    if (at < size && !(at & 3)) return sram32[at >> 2];
    const place = (address - FLASH) >>> 0;
    return place < flashSize && !(place & 3) ? flash32[place >> 2] : readUint32.call(core, address);
  };
  core.readUint16 = (address) => {
    const at = (address - RAM) >>> 0;
    if (at < size && !(at & 1)) return sram16[at >> 1];
    const place = (address - FLASH) >>> 0;
    return place < flashSize && !(place & 1) ? flash16[place >> 1] : readUint16.call(core, address);
  };
  core.readUint8 = (address) => {
    const at = (address - RAM) >>> 0;
    if (at < size) return sram[at];
    const place = (address - FLASH) >>> 0;
    return place < flashSize ? flash[place] : readUint8.call(core, address);
  };
  core.writeUint32 = (address, value) => {
    const at = (address - RAM) >>> 0;
    if (at < size && !(at & 3)) sram32[at >> 2] = value;
    else writeUint32.call(core, address, value);
  };
  core.writeUint16 = (address, value) => {
    const at = (address - RAM) >>> 0;
    if (at < size && !(at & 1)) sram16[at >> 1] = value;
    else writeUint16.call(core, address, value);
  };
  core.writeUint8 = (address, value) => {
    const at = (address - RAM) >>> 0;
    if (at < size) sram[at] = value;
    else writeUint8.call(core, address, value);
  };
}

// The emulator's exports, and what makes one of its cores fast.
exports.speedUp = (folder) => {
  const [emulator, core] = load(folder);
  const kinds = instructions(core);
  return [emulator, (one, often = OFTEN) => {
    shortenWays(one);
    return new Blocks(one, kinds, core.inScope, often);
  }];
};
