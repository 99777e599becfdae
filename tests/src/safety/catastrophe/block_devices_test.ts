import assert from "node:assert/strict";
import { blockDeviceProblem, isBlockDevice } from "../../../../src/safety/catastrophe/block_devices.ts";
import { ANY, ONE, OPEN } from "../../../../src/safety/catastrophe/fields.ts";

for (
  const word of [
    ..."/dev/sda /dev/sda1 /dev/hdb /dev/vda /dev/xvda1 /dev/nvme0n1 /dev/nvme0n1p2 /dev/mmcblk0p1 /dev/md0 /dev/dm-0"
      .split(" "),
    ..."/dev/mapper/root /dev/disk/by-id/x /dev/loop0 //dev/sda /dev/./sda /dev/../dev/sda /dev/disk0 /dev/rdisk0s1"
      .split(" "),
    `/dev/sd${ANY}`,
    `/dev/sd${ONE}`,
    `/dev/${ANY}`,
  ]
) {
  Deno.test(`isBlockDevice() sees that ${JSON.stringify(word)} is one`, () =>
    assert.equal(isBlockDevice(word), true));
}

for (
  const word of [
    "",
    "sda",
    "./dev/sda",
    "/dev",
    "/dev/null",
    "/dev/zero",
    "/dev/tty",
    "/dev/stderr",
    "/dev/mapper/control",
    "/dev/shm/x",
    "/tmp/sda",
    "/dev/sdax1x",
    `/dev/tty${ANY}`,
    OPEN,
  ]
) {
  Deno.test(`isBlockDevice() sees that ${JSON.stringify(word)} is none`, () =>
    assert.equal(isBlockDevice(word), false));
}

Deno.test("blockDeviceProblem() tells reading from writing", () => {
  const problemOf = (line: string) => {
    const [name = "", ...args] = line.split(" ");
    return blockDeviceProblem({ name, args, outputs: [], folder: undefined, inside: [] });
  };
  for (
    const line of [
      "dd of=/dev/sda",
      "cp x /dev/sda",
      "cp -t /dev/sda x",
      "mkfs.ext4 /dev/sda",
      "wipefs -af /dev/sda",
      "shred /dev/sda",
      `mkfs ${OPEN}`,
    ]
  ) {
    assert.notEqual(problemOf(line), undefined, line);
  }
  for (
    const line of [
      "dd if=/dev/sda",
      "cp /dev/sda x",
      "mkfs.ext4 x.img",
      "wipefs /dev/sda",
      "fdisk -l /dev/sda",
      "cat /dev/sda",
      "shred x",
      "constructor /dev/sda",
    ]
  ) {
    assert.equal(problemOf(line), undefined, line);
  }
});
