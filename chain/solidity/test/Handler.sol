// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICouncil} from "../../abi/ICouncil.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {IMarket, Order, Parameters, Quote} from "../../abi/IMarket.sol";
import {IPledge, PledgeParameters} from "../../abi/IPledge.sol";
import {IRegistry, Info, Prices, Resources} from "../../abi/IRegistry.sol";
import {Base} from "./Base.sol";

/// @title What forge calls at random, and what it remembers of it
/// @dev Users and providers are the same six accounts. Time is the handler's own: what it warps to lasts for one call only.
contract Handler is Base {
    struct Interval {
        uint64 from;
        uint64 to; // 0 while it is open
    }

    /// @dev What was agreed and what happened to an order, beside what the Market stores.
    struct History {
        uint64 activatedAt;
        uint64 probation;
        uint64 duration;
        uint256 rate;
        Interval[] suspensions;
    }

    uint256[6] private _keys = [ALICE_KEY, BOB_KEY, OPERATOR_KEY, uint256(0xc1), 0xc2, 0xc3];
    address[6] public who;
    uint256 public clock = START;
    uint256 public height = 1000;
    uint256 public bought; // credits
    uint256 public redeemed;
    uint256 public minted; // tokens, by the minter
    mapping(uint64 id => History) private _history;
    mapping(uint64 id => uint256) public accruedBefore;
    mapping(string act => uint256) public done;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 6; ++i) {
            who[i] = vm.addr(_keys[i]);
            _fund(who[i], 10_000 ether);
        }
        for (uint256 i = 0; i < 3; ++i) {
            register(who[i], info());
            _do(who[i], its.pledge, abi.encodeCall(pledge.pledge, (1 ether << i, who[(i + 1) % 3])), "pledge");
        }
    }

    function parameters() internal pure override returns (Parameters memory) {
        return Parameters(600, 4, 100, 1 days, 1, 500, address(0), 300);
    }

    function pledgeParameters() internal pure override returns (PledgeParameters memory) {
        return PledgeParameters(60, 120, 60, 9_000, 1_000_000);
    }

    modifier timed(uint256 seed) {
        clock += seed % 32 == 0 ? between(seed >> 8, 1, 3000) : seed % 4 == 0 ? between(seed >> 8, 1, 90) : seed % 3;
        ++height;
        vm.warp(clock);
        vm.roll(height);
        for (uint64 id = 1; id <= market.count(); ++id) {
            accruedBefore[id] = market.get(id).accrued;
        }
        _;
    }

    function contracts() external view returns (IGridToken, ICredit, IRegistry, IMarket, ICouncil, IPledge) {
        return (token, credit, registry, market, council, pledge);
    }

    function selectors() external pure returns (bytes4[] memory s) {
        bytes4[14] memory all = [
            this.money.selector,
            this.provide.selector,
            this.create.selector,
            this.quotes.selector,
            this.activate.selector,
            this.activate.selector,
            this.stop.selector,
            this.extend.selector,
            this.settle.selector,
            this.settle.selector,
            this.end.selector,
            this.stake.selector,
            this.stake.selector,
            this.slash.selector
        ];
        s = new bytes4[](14);
        for (uint256 i = 0; i < 14; ++i) {
            s[i] = all[i];
        }
    }

    function _fund(address account, uint256 value) private {
        fund(account, value);
        bought += value;
        minted += value;
    }

    function _do(address by, address to, bytes memory data, string memory act) private returns (bool ok) {
        (ok,) = tryCall(by, to, data);
        if (ok) ++done[act];
    }

    function money(uint256 seed, uint256 account, uint256 value) external timed(seed) {
        address by = who[account % 6];
        value = between(value, 1, 100 ether);
        uint256 kind = seed % 4;
        if (kind == 0) _fund(by, value);
        if (kind == 1 && _do(by, its.credit, abi.encodeCall(credit.redeem, (value)), "redeem")) redeemed += value;
        if (kind == 2) _do(by, its.token, abi.encodeCall(token.transfer, (its.credit, value)), "by hand");
        uint256 waiting = credit.pending(by);
        if (kind == 3 && _do(minter, its.credit, abi.encodeCall(credit.claimTransfer, (by)), "claimTransfer")) bought += waiting;
    }

    function provide(uint256 seed, uint256 account, uint64 probation, uint64 cpu) external timed(seed) {
        Info memory i = info();
        i.probation = seed % 2 == 0 ? 0 : uint64(between(probation, 0, 500));
        i.total.cpuMilli = uint64(between(cpu, 1000, 20_000));
        i.total.memoryMiB *= 8;
        i.total.gpus *= 8;
        address by = who[account % 3];
        if (seed % 8 == 7) _do(by, its.registry, abi.encodeCall(registry.deregister, ()), "deregister");
        else _do(by, its.registry, abi.encodeCall(registry.set, (i)), "set");
    }

    function _offer(uint256 size) private pure returns (Resources memory r, Prices memory p) {
        r = Resources(uint64(between(size, 1, 1500)), uint64(between(size >> 16, 1, 2000)), 0, uint64((size >> 32) % 3));
        p = Prices(uint96(between(size >> 40, 1, 10 ** 10)), uint96(between(size >> 80, 1, 10 ** 8)), 0, 10 ** 9);
    }

    function create(uint256 seed, uint256 user, uint256 provider, uint256 size, uint64 duration) external timed(seed) {
        (Resources memory r, Prices memory p) = _offer(size);
        bytes memory data = abi.encodeCall(market.createOrder, (who[provider % 3], r, p, uint64(between(duration, 1, 3000)), 0));
        _do(who[user % 6], its.market, data, "createOrder");
    }

    function quotes(uint256 seed, uint256 user, uint256 provider, uint256 size, uint64 duration) external timed(seed) {
        Quote memory q;
        (q.provider, q.user, q.duration) = (who[provider % 3], who[user % 6], uint64(between(duration, 1, 3000)));
        (q.resources, q.prices) = _offer(size);
        (q.renewable, q.validUntil, q.salt) = (true, uint64(clock) + 1, bytes32(size));
        q.probation = uint64(size >> 200) % 100;
        Order memory old = _pick(uint256(keccak256(abi.encode(size))), 2);
        if (seed % 2 == 0 && old.status == 2) (q.provider, q.user, q.replaces) = (old.provider, old.user, old.id);
        bytes memory signature = sign(_keyOf(q.provider), q);
        if (q.replaces == 0) {
            _do(q.user, its.market, abi.encodeCall(market.createOrderWithQuote, (q, signature)), "createOrderWithQuote");
        } else if (_do(q.user, its.market, abi.encodeCall(market.replaceOrder, (q, signature)), "replaceOrder")) {
            _remember(uint64(market.count()));
        }
    }

    function _keyOf(address account) private view returns (uint256 key) {
        for (uint256 i = 0; i < 6; ++i) {
            if (who[i] == account) key = _keys[i];
        }
    }

    /// @dev An order by chance; mostly one of that status, if a young one has it.
    function _pick(uint256 id, uint8 status) private view returns (Order memory o) {
        uint256 count = market.count();
        uint256 back = (id >> 8) % 12;
        for (uint256 i = 0; i < 12 && id % 8 != 0; ++i) {
            uint256 place = (back + i) % 12;
            if (place < count) o = market.get(uint64(count - place));
            if (o.status == status) return o;
        }
        return market.get(uint64((id >> 8) % (count + 2)));
    }

    function _remember(uint64 id) private {
        Order memory o = market.get(id);
        History storage h = _history[id];
        (h.activatedAt, h.probation, h.duration) = (o.activatedAt, o.probation, o.duration);
        h.rate = uint256(o.resources.cpuMilli) * o.prices.cpuMilli + uint256(o.resources.memoryMiB) * o.prices.memoryMiB
            + uint256(o.resources.storageMiB) * o.prices.storageMiB + uint256(o.resources.gpus) * o.prices.gpus;
    }

    function activate(uint256 seed, uint256 id) external timed(seed) {
        Order memory o = _pick(id, 1);
        if (_do(o.provider, its.market, abi.encodeCall(market.activateOrder, (o.id)), "activateOrder")) _remember(o.id);
    }

    function stop(uint256 seed, uint256 id) external timed(seed) {
        Order memory o = _pick(id, 2);
        Interval[] storage suspensions = _history[o.id].suspensions;
        if (o.suspendedSince == 0) {
            if (_do(o.provider, its.market, abi.encodeCall(market.suspend, (o.id)), "suspend")) {
                suspensions.push(Interval(uint64(clock), 0));
            }
        } else if (_do(o.provider, its.market, abi.encodeCall(market.resume, (o.id)), "resume")) {
            suspensions[suspensions.length - 1].to = uint64(clock);
        }
    }

    function extend(uint256 seed, uint256 id, uint64 secs) external timed(seed) {
        Order memory o = _pick(id, 2);
        secs = uint64(between(secs, 1, 1000));
        if (_do(o.user, its.market, abi.encodeCall(market.extendOrder, (o.id, secs)), "extendOrder")) {
            _history[o.id].duration += secs;
        }
    }

    function settle(uint256 seed, uint256 id) external timed(seed) {
        Order memory o = _pick(id, 2);
        if (!_do(address(1), its.market, abi.encodeCall(market.settle, (o.id)), "settle")) return;
        if (market.get(o.id).status != 2) return;
        // Settling twice in a second moves nothing.
        uint256 before = credit.balanceOf(its.market);
        market.settle(o.id);
        same(credit.balanceOf(its.market), before, "settled twice");
    }

    function end(uint256 seed, uint256 id) external timed(seed) {
        Order memory o = _pick(id, seed % 4 == 0 ? 1 : 2);
        address by = seed % 3 == 0 ? o.user : seed % 3 == 1 ? o.provider : who[seed % 6];
        if (seed % 5 > 2) _do(by, its.market, abi.encodeCall(market.withdraw, (o.id, 1)), "withdraw");
        else _do(by, its.market, abi.encodeCall(market.cancelOrder, (o.id)), "cancelOrder");
    }

    function stake(uint256 seed, uint256 account, uint256 provider, uint256 amount) external timed(seed) {
        address by = who[account % 6];
        address to = who[provider % 3];
        uint256 pledged = pledge.position(by, to).pledged;
        uint256 kind = (seed >> 8) % 8;
        if (kind < 3) {
            _do(by, its.pledge, abi.encodeCall(pledge.pledge, (between(amount, 1, 10 ether), to)), "pledge");
        } else if (kind < 5) {
            _do(
                by,
                its.pledge,
                abi.encodeCall(pledge.unpledge, (amount % 3 == 0 ? pledged : between(amount, 1, pledged + 1), to)),
                "unpledge"
            );
        } else if (kind < 7) {
            _do(by, its.pledge, abi.encodeCall(pledge.withdrawUnbonded, (to)), "withdrawUnbonded");
        } else {
            _do(by, its.pledge, abi.encodeCall(pledge.claim, (to)), "claim");
        }
    }

    function slash(uint256 seed, uint256 provider, uint256 amount) external timed(seed) {
        address provider_ = who[provider % 3];
        uint256 count = pledge.slashCount();
        if (seed % 2 == 0) {
            uint256 limit = pledge.pool(provider_).total * 9_000 / 10_000;
            _do(carol, its.pledge, abi.encodeCall(pledge.slash, (provider_, between(amount, 1, limit + 1), "")), "slash");
        } else if (count != 0) {
            _do(address(1), its.pledge, abi.encodeCall(pledge.executeSlash, (uint64(between(amount, 1, count)))), "executeSlash");
        }
    }

    /// @dev What an order must have earned by a time, from its history alone, second by second as far as it matters.
    function earnedBy(uint64 id, uint64 t) external view returns (uint256) {
        History storage h = _history[id];
        if (h.activatedAt == 0) return 0;
        uint64 start = h.activatedAt + h.probation;
        uint64 off = 0;
        for (uint256 i = 0; i < h.suspensions.length; ++i) {
            Interval memory s = h.suspensions[i];
            if (s.from >= t) break;
            uint64 to = s.to == 0 || s.to > t ? t : s.to;
            if (s.from < start) {
                start += to - s.from;
            } else {
                uint64 last = start + h.duration;
                off += (to < last ? to : last) - s.from;
            }
        }
        uint64 elapsed = t <= start ? 0 : t - start < h.duration ? t - start : h.duration;
        uint64 served = elapsed - off;
        return served == h.duration ? (h.rate * h.duration + 3599) / 3600 : h.rate * served / 3600;
    }
}
