// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Delta, IRegistry, Info, Prices, Provider, Resources} from "../../abi/IRegistry.sol";
import {IProviderTerms, ProviderTerms} from "../contracts/ProviderTerms.sol";
import {Base} from "./Base.sol";

contract RegistryTest is Base {
    bytes32 private constant REF = bytes32(uint256(7));

    function _update(int128 cpu, int128 memory_, int128 storage_, int128 gpus) private {
        vm.prank(its.market);
        registry.update(bob, Delta(cpu, memory_, storage_, gpus), REF);
    }

    function _free() private view returns (Resources memory) {
        return registry.get(bob).available;
    }

    function _refused(Info memory i, string memory field) private {
        refuses(abi.encodeWithSelector(IRegistry.InvalidField.selector, field));
        register(bob, i);
    }

    function test_a_deployment_elsewhere_than_foretold_fails() external {
        cannotCreate("Registry", abi.encode(its), "");
    }

    function test_a_provider_registers_and_revises() external {
        Info memory i = info();
        i.probation = 60;
        i.probationPledge = 5;
        emits(its.registry);
        emit IRegistry.ProviderSet(bob, i, i.total);
        register(bob, i);
        Provider memory p = registry.get(bob);
        require(p.provider == bob && p.status == 1 && p.operatorKey == operator && p.port == 8090, "entry");
        require(
            keccak256(abi.encode(p.prices, p.minimumPrices, p.total, p.available))
                == keccak256(abi.encode(i.prices, i.minimumPrices, i.total, i.total)),
            "numbers"
        );
        require(keccak256(abi.encode(p.host, p.attributes)) == keccak256(abi.encode(i.host, i.attributes)), "texts");
        require(p.probation == 60 && p.probationPledge == 5 && p.renewable && p.acceptsOffers, "terms");
        i.host = "[::1]";
        i.acceptsOffers = false;
        register(bob, i);
        same(registry.count(), 1, "one entry");
        require(!registry.get(bob).acceptsOffers, "revised");
        same(registry.get(alice).status, 0, "none");
        require(registry.get(alice).provider == address(0), "nobody");
    }

    function test_fields_that_cannot_be_are_refused_in_the_order_of_Info() external {
        Info memory bad = info();
        bad.host = "";
        bad.port = 0;
        bad.prices.gpus = 0;
        bad.minimumPrices.gpus = 1;
        bad.attributes = string(new bytes(4097));
        bad.probation = 3650 days + 1;
        _refused(bad, "host");
        bad.host = string(new bytes(254));
        _refused(bad, "host");
        bad.host = "a b";
        _refused(bad, "host");
        bad.host = unicode"é";
        _refused(bad, "host");
        bad.host = "AZaz09.-_:[]";
        _refused(bad, "port");
        bad.port = 1;
        _refused(bad, "prices");
        bad.prices.gpus = 1;
        _refused(bad, "attributes");
        bad.attributes = string(new bytes(4096));
        _refused(bad, "probation");
        bad.probation = 3650 days;
        register(bob, bad);
    }

    function testFuzz_each_price_is_at_least_its_minimum(uint96[4] calldata asked, uint96[4] calldata least) external {
        Info memory i = info();
        i.prices = Prices(asked[0], asked[1], asked[2], asked[3]);
        i.minimumPrices = Prices(least[0], least[1], least[2], least[3]);
        bool fits = asked[0] >= least[0] && asked[1] >= least[1] && asked[2] >= least[2] && asked[3] >= least[3];
        if (!fits) refuses(abi.encodeWithSelector(IRegistry.InvalidField.selector, "prices"));
        register(bob, i);
    }

    function testFuzz_only_these_characters_are_in_a_host(uint8 c) external {
        Info memory i = info();
        i.host = string(abi.encodePacked("a", c));
        bool may = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c == 0x2e || c == 0x2d || c == 0x5f
            || c == 0x3a || c == 0x5b || c == 0x5d;
        if (!may) refuses(abi.encodeWithSelector(IRegistry.InvalidField.selector, "host"));
        register(bob, i);
    }

    function test_a_provider_deregisters_and_comes_back() external {
        refuses(abi.encodeWithSelector(IRegistry.UnknownProvider.selector, bob));
        vm.prank(bob);
        registry.deregister();
        register(bob, info());
        emits(its.registry);
        emit IRegistry.ProviderDeregistered(bob);
        vm.prank(bob);
        registry.deregister();
        same(registry.get(bob).status, 2, "deregistered");
        refuses(abi.encodeWithSelector(IRegistry.ProviderInactive.selector, bob));
        vm.prank(bob);
        registry.deregister();
        register(bob, info());
        same(registry.get(bob).status, 1, "active again");
        same(registry.count(), 1, "one entry");
    }

    function test_the_market_reserves_and_gives_back() external {
        register(bob, info());
        emits(its.registry);
        emit IRegistry.ResourceDelta(bob, REF, Delta(-1000, -1, 0, -2), Resources(3000, 8191, 10_000, 0));
        _update(-1000, -1, 0, -2);
        _update(1000, 1, 0, 2);
        require(keccak256(abi.encode(_free())) == keccak256(abi.encode(info().total)), "all back");
        emits(its.registry);
        emit IRegistry.ResourceDelta(bob, REF, Delta(0, 0, 0, 0), info().total);
        _update(0, 0, 0, 0);
    }

    function test_what_is_not_there_cannot_be_reserved() external {
        register(bob, info());
        int128[4] memory most = [int128(4000), 8192, 10_000, 2];
        for (uint8 i = 0; i < 4; ++i) {
            int128[4] memory parts;
            parts[i] = -most[i] - 1;
            refuses(
                abi.encodeWithSelector(IRegistry.InsufficientResources.selector, i, uint64(uint128(most[i])) + 1, uint64(uint128(most[i])))
            );
            _update(parts[0], parts[1], parts[2], parts[3]);
        }
    }

    function test_more_than_was_reserved_cannot_come_back() external {
        register(bob, info());
        _update(-5, -5, -5, -1);
        bytes memory mismatch = abi.encodeWithSelector(IRegistry.ReservationMismatch.selector, bob, REF);
        int128[4] memory reserved = [int128(5), 5, 5, 1];
        for (uint8 i = 0; i < 4; ++i) {
            int128[4] memory parts;
            parts[i] = reserved[i] + 1;
            refuses(mismatch);
            _update(parts[0], parts[1], parts[2], parts[3]);
        }
        refuses(mismatch);
        _update(5, -5, 0, 0);
        refuses(mismatch);
        _update(2 ** 64, 0, 0, 0);
        refuses(mismatch);
        _update(0, 0, 0, -(2 ** 64));
        refuses(mismatch);
        _update(type(int128).min, 0, 0, 0);
        _update(5, 5, 5, 1);
    }

    function test_only_the_market_updates() external {
        refuses(abi.encodeWithSelector(IRegistry.NotProtocol.selector, its.pledge));
        vm.prank(its.pledge);
        registry.update(bob, Delta(0, 0, 0, 0), REF);
        refuses(abi.encodeWithSelector(IRegistry.UnknownProvider.selector, bob));
        _update(-1, 0, 0, 0);
    }

    function test_what_is_reserved_stays_reserved_when_the_total_changes() external {
        register(bob, info());
        _update(-1000, -1000, -1000, -1);
        Info memory i = info();
        i.total = Resources(1000, 2000, 3000, 1);
        register(bob, i);
        require(keccak256(abi.encode(_free())) == keccak256(abi.encode(Resources(0, 1000, 2000, 0))), "free");
        for (uint8 part = 0; part < 4; ++part) {
            i.total = Resources(1000, 1000, 1000, 1);
            if (part == 0) i.total.cpuMilli = 999;
            if (part == 1) i.total.memoryMiB = 999;
            if (part == 2) i.total.storageMiB = 999;
            if (part == 3) i.total.gpus = 0;
            refuses(abi.encodeWithSelector(IRegistry.TotalBelowReserved.selector, part, part == 3 ? 0 : 999, part == 3 ? 1 : 1000));
            register(bob, i);
        }
        vm.prank(bob);
        registry.deregister();
        i.total = Resources(1000, 1000, 1000, 1);
        register(bob, i);
        same(_free().cpuMilli, 0, "still reserved");
    }

    function test_pages() external {
        for (uint160 i = 1; i <= 5; ++i) {
            register(address(i), info());
        }
        same(registry.list(0, 100).length, 5, "all");
        Provider[] memory page = registry.list(3, 10);
        require(page.length == 2 && page[0].provider == address(4) && page[1].provider == address(5), "the end");
        same(registry.list(1, 2).length, 2, "the middle");
        same(registry.list(5, 1).length, 0, "behind it");
        same(registry.list(type(uint256).max, 100).length, 0, "far behind it");
        refuses(abi.encodeWithSelector(IRegistry.TooMany.selector, 101, 100));
        registry.list(0, 101);
    }

    function test_other_contracts_are_told_the_terms() external {
        Info memory i = info();
        i.probation = 60;
        i.probationPledge = 5;
        register(bob, i);
        ProviderTerms memory t = IProviderTerms(its.registry).terms(bob);
        require(t.status == 1 && t.renewable && t.acceptsOffers && t.operatorKey == operator, "who");
        require(t.probation == 60 && t.probationPledge == 5 && t.minimumPrices.cpuMilli == 1, "what");
        (uint8 status, address key) = IProviderTerms(its.registry).standing(bob);
        require(status == 1 && key == operator, "standing");
    }

    /// @dev Found by the differential test: copied to memory, such a text was a Panic(0x41).
    function test_texts_beyond_the_calldata_revert_without_data() external {
        bytes memory data = abi.encodeCall(registry.set, (info()));
        uint256[2] memory heads = [uint256(0), 14]; // words of the struct in which the offsets of host and attributes stand
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 far = 64; far <= 240; far += 16) {
                bytes memory bad = bytes.concat(data);
                uint256 at_ = 4 + 32 + 32 * heads[i];
                uint256 offset;
                assembly {
                    offset := mload(add(add(bad, 32), at_))
                    mstore(add(add(add(bad, 32), 36), offset), shl(far, 1)) // the length
                }
                (bool ok, bytes memory answer) = tryCall(bob, its.registry, bad);
                require(!ok && answer.length == 0, "length");
                assembly {
                    mstore(add(add(bad, 32), at_), shl(far, 1))
                }
                (ok, answer) = tryCall(bob, its.registry, bad);
                require(!ok && answer.length == 0, "offset");
            }
        }
    }

    function test_fields_of_the_wrong_form_revert_without_data() external {
        bytes memory data = abi.encodeCall(registry.set, (info()));
        // The port stands second in the struct, behind selector and offset.
        for (uint256 i = 0; i < 30; ++i) {
            data[4 + 32 + 32 + i] = 0xff;
        }
        (bool ok, bytes memory answer) = tryCall(bob, its.registry, data);
        require(!ok && answer.length == 0, "port");
        data = abi.encodeCall(registry.update, (bob, Delta(0, 0, 0, 0), REF));
        data[4 + 32] = 0x01;
        (ok, answer) = tryCall(carol, its.registry, data);
        require(!ok && answer.length == 0, "delta, before the caller");
    }
}
