// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICouncil} from "../../abi/ICouncil.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {IMarket} from "../../abi/IMarket.sol";
import {PledgeParameters, PoolState, Position, PositionState, Slash, Unbonding} from "../../abi/IPledge.sol";
import {Contracts, MAX_PAGE, pageOf} from "./Contracts.sol";
import {SLASHER, VETO} from "./Council.sol";
import {PledgeCore} from "./PledgeCore.sol";
import {IProviderTerms} from "./ProviderTerms.sol";

/// @title Pledges, as chain/abi/IPledge.sol says
contract Pledge is PledgeCore {
    uint8 private constant PLEDGED = 0;
    uint8 private constant UNPLEDGED = 1;
    uint8 private constant WITHDRAWN = 2;
    uint8 private constant CLAIMED = 3;
    uint8 private constant ANNOUNCED = 1;
    uint8 private constant EXECUTED = 2;
    uint8 private constant VETOED = 3;
    uint8 private constant LAPSED = 4;
    uint256 private constant MAX_UNBONDING = 8;
    uint256 private constant MAX_POOLS = 32;
    uint256 private constant MAX_REASON = 256;

    /// @dev Three slots.
    struct SlashRecord {
        address provider;
        uint96 amount;
        address by;
        uint96 taken;
        uint64 executableAt;
        uint64 generation;
        uint8 status;
    }

    address private immutable _token;
    address private immutable _credit;
    address private immutable _registry;
    address private immutable _market;
    address private immutable _council;
    mapping(uint64 id => SlashRecord) private _slashes;

    constructor(Contracts memory c, PledgeParameters memory p) PledgeCore(c, p) {
        (_token, _credit, _registry, _market, _council) = (c.token, c.credit, c.registry, c.market, c.council);
    }

    // --- accounts

    function pledge(uint256 amount, address provider) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        (uint8 status,) = IProviderTerms(_registry).standing(provider);
        if (status == 0) revert UnknownProvider(provider);
        (PoolState memory p, Held memory held) = _openAct(provider);
        if (p.total << 16 < p.shares) revert PoolRuined(provider);
        uint256 pools = _poolsOf[msg.sender].length;
        if (pools >= MAX_POOLS && _placeOf(provider) == pools) revert TooMany(pools + 1, MAX_POOLS);
        ICredit(_credit).escrow(msg.sender, amount);

        uint256 shares = p.shares == 0 ? amount : amount * p.shares / p.total;
        p.total += amount;
        p.shares += shares;
        p.incoming += shares;
        p.incomingEpoch = epoch();
        held.state.incoming += shares;
        held.state.incomingEpoch = p.incomingEpoch;
        _finish(provider, p, held, PLEDGED, amount, shares, 0);
    }

    function unpledge(uint256 amount, address provider) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        (PoolState memory p, Held memory held) = _openAct(provider);
        PositionState memory s = held.state;
        uint256 shares = s.active + s.incoming;
        uint256 pledged = _valueOf(p, shares);
        if (amount > pledged) revert InsufficientPledge(amount, pledged);
        // Rounded up, and all of them for all they are worth.
        if (amount != pledged) {
            uint256 needed = (amount * p.shares + p.total - 1) / p.total;
            if (needed < shares) shares = needed;
        }
        uint64 releaseAt = uint64(block.timestamp) + _unbondingPeriod;
        _unbond(held, shares, releaseAt);

        uint256 young = shares < s.incoming ? shares : s.incoming;
        s.incoming -= young;
        p.incoming -= young;
        s.active -= shares - young;
        p.earning -= shares - young;
        _finish(provider, p, held, UNPLEDGED, amount, shares, releaseAt);
    }

    function withdrawUnbonded(address provider) external nonReentrant returns (uint256 amount) {
        (PoolState memory p, Held memory held) = _openAct(provider);
        uint256 shares = _released(held);
        if (shares == 0) revert NothingUnbonded(msg.sender, provider);
        amount = _valueOf(p, shares);
        p.total -= amount;
        p.shares -= shares;
        if (p.shares == 0) {
            // What was announced for those who were here lapses.
            _endGeneration(provider, p);
            held.state.generation = p.generation;
        }
        _finish(provider, p, held, WITHDRAWN, amount, shares, 0);
        ICredit(_credit).release(msg.sender, amount);
    }

    function claim(address provider) external nonReentrant returns (uint256 amount) {
        (PoolState memory p, Held memory held) = _openAct(provider);
        amount = held.state.profit;
        if (amount == 0) revert NothingEarned(msg.sender, provider);
        held.state.profit = 0;
        _totals.unclaimed -= uint96(amount); // never out of what is pledged: it would panic here
        _finish(provider, p, held, CLAIMED, amount, 0, 0);
        ICredit(_credit).release(msg.sender, amount);
    }

    function _openAct(address provider) private returns (PoolState memory p, Held memory held) {
        _begin();
        p = _openPool(provider);
        held = _positionNow(provider, msg.sender, p);
    }

    function _finish(address provider, PoolState memory p, Held memory held, uint8 change, uint256 amount, uint256 shares, uint64 releaseAt)
        private
    {
        _save(provider, p);
        _save(provider, held);
        emit PositionChanged(msg.sender, provider, change, amount, shares, releaseAt, held.state, p);
    }

    /// @dev Entries of one second are one.
    function _unbond(Held memory held, uint256 shares, uint64 releaseAt) private pure {
        Unbonding[] memory before = held.unbonding;
        uint256 size = before.length;
        if (size != 0 && before[size - 1].releaseAt == releaseAt) {
            before[size - 1].shares += shares;
            return;
        }
        if (size >= MAX_UNBONDING) revert TooManyUnbonding(MAX_UNBONDING);
        held.unbonding = new Unbonding[](size + 1);
        for (uint256 i = 0; i < size; ++i) {
            held.unbonding[i] = before[i];
        }
        held.unbonding[size] = Unbonding(shares, releaseAt);
    }

    /// @dev Takes the entries that may be withdrawn out of a position: the sum of their shares.
    function _released(Held memory held) private view returns (uint256 shares) {
        Unbonding[] memory entries = held.unbonding;
        uint256 kept = 0;
        for (uint256 i = 0; i < entries.length; ++i) {
            if (block.timestamp >= entries[i].releaseAt) shares += entries[i].shares;
            else entries[kept++] = entries[i];
        }
        assembly ("memory-safe") {
            mstore(entries, kept)
        }
    }

    // --- slashes

    function slash(address provider, uint256 amount, string calldata reason) external nonReentrant returns (uint64 id) {
        _begin();
        if (!ICouncil(_council).hasRole(SLASHER, msg.sender)) revert MissingRole(SLASHER, msg.sender);
        if (amount == 0) revert ZeroAmount();
        if (bytes(reason).length > MAX_REASON) revert TooMany(bytes(reason).length, MAX_REASON);
        PoolState memory p = _poolNow(provider);
        uint256 limit = p.total * _maxSlashBp / 10_000;
        if (amount > limit) revert SlashTooLarge(amount, limit);
        id = ++_totals.slashes;
        uint64 executableAt = uint64(block.timestamp) + _slashDelay;
        _slashes[id] = SlashRecord(provider, uint96(amount), msg.sender, 0, executableAt, p.generation, ANNOUNCED);
        emit SlashAnnounced(id, provider, msg.sender, amount, reason, executableAt);
    }

    function executeSlash(uint64 id) external nonReentrant returns (uint256 taken) {
        _begin();
        SlashRecord memory s = _announced(id);
        if (block.timestamp < s.executableAt) revert SlashNotDue(id, s.executableAt);
        PoolState memory p = _openPool(s.provider);
        if (p.generation != s.generation || p.shares == 0) {
            // Nobody is there any more who was there when it was announced.
            s.status = LAPSED;
        } else {
            uint256 takenBefore = _takenInEpoch(s.provider);
            uint256 limit = _slashable(p, takenBefore);
            if (limit == 0) revert SlashLimitReached(s.provider, epoch());
            uint256 due = s.amount - s.taken;
            taken = _take(s.provider, p, due < limit ? due : limit);
            _saveTaken(s.provider, takenBefore + taken);
            s.taken += uint96(taken < due ? taken : due);
            if (s.taken == s.amount || p.generation != s.generation) s.status = EXECUTED;
        }
        _save(s.provider, p);
        _slashes[id] = s;
        address treasury = IMarket(_market).parameters().treasury;
        if (taken != 0) {
            if (treasury == address(0)) ICredit(_credit).burn(taken);
            else ICredit(_credit).release(treasury, taken);
        }
        emit SlashExecuted(id, s.provider, treasury, taken, s.status == ANNOUNCED ? s.amount - s.taken : 0, p);
    }

    function vetoSlash(uint64 id) external nonReentrant {
        _begin();
        bool may = msg.sender == _council || ICouncil(_council).hasRole(VETO, msg.sender);
        if (!may) revert MissingRole(VETO, msg.sender);
        _announced(id);
        _slashes[id].status = VETOED;
        emit SlashVetoed(id, msg.sender);
    }

    function _announced(uint64 id) private view returns (SlashRecord memory s) {
        s = _slashes[id];
        if (s.status == 0) revert UnknownSlash(id);
        if (s.status != ANNOUNCED) revert SlashClosed(id, s.status);
    }

    // --- profit, for the Market

    modifier onlyMarket() {
        if (msg.sender != _market) revert NotProtocol(msg.sender);
        _;
    }

    function promiseProfit(uint256 wanted) external onlyMarket nonReentrant returns (uint256 promised) {
        _begin();
        uint256 ofEpoch = _less(_epochProfit, _totals.promisedInEpoch);
        uint256 ofSupply = _less(_room(), _totals.promised);
        promised = wanted < ofEpoch ? wanted : ofEpoch;
        if (promised > ofSupply) promised = ofSupply;
        if (promised == 0) return 0;
        _totals.promisedInEpoch += uint96(promised);
        _totals.promised += uint96(promised);
    }

    function mintProfit(address provider, uint64 order, uint256 amount) external onlyMarket nonReentrant returns (uint256 minted) {
        _lapse(amount); // kept or not, it is no promise any more
        PoolState memory p = _openPool(provider);
        // Others may have minted up to the cap since it was promised.
        uint256 room = _room();
        minted = p.earning == 0 ? 0 : amount < room ? amount : room;
        p.profitPerShare += minted == 0 ? 0 : minted * PROFIT_UNIT / p.earning;
        _save(provider, p);
        if (minted == 0) return 0;
        _totals.unclaimed += uint96(minted);
        ICredit(_credit).issue(minted);
        emit ProfitMinted(provider, order, minted, p.earning, p.profitPerShare);
    }

    function lapseProfit(uint256 amount) external onlyMarket nonReentrant {
        _lapse(amount);
    }

    function _lapse(uint256 amount) private {
        _begin();
        _totals.promised -= uint96(amount);
    }

    /// @dev How many tokens the cap leaves.
    function _room() private view returns (uint256) {
        return _less(IGridToken(_token).cap(), IGridToken(_token).totalSupply());
    }

    function _less(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    // --- views

    function pool(address provider) external view returns (PoolState memory) {
        return _poolNow(provider);
    }

    function slashable(address provider) external view returns (uint256) {
        return _slashable(_poolNow(provider), _takenInEpoch(provider));
    }

    function position(address account, address provider) external view returns (Position memory) {
        return _viewOf(provider, account);
    }

    function pledgedBy(address account) external view returns (uint256 sum) {
        address[] storage list = _poolsOf[account];
        for (uint256 i = 0; i < list.length; ++i) {
            PoolState memory p = _poolNow(list[i]);
            PositionState memory s = _positionNow(list[i], account, p).state;
            sum += _valueOf(p, s.active + s.incoming);
        }
    }

    function earned(address account, address provider) external view returns (uint256) {
        return _positionNow(provider, account, _poolNow(provider)).state.profit;
    }

    function poolsOf(address account) external view returns (address[] memory) {
        return _poolsOf[account];
    }

    function positionCount(address provider) external view returns (uint256) {
        return _members[provider].length;
    }

    function positions(address provider, uint256 offset, uint256 limit) external view returns (Position[] memory page) {
        if (limit > MAX_PAGE) revert TooMany(limit, MAX_PAGE);
        (uint256 begin, uint256 end) = pageOf(_members[provider].length, offset, limit);
        page = new Position[](end - begin);
        for (uint256 i = begin; i < end; ++i) {
            page[i - begin] = _viewOf(provider, _members[provider][i]);
        }
    }

    function slashCount() external view returns (uint256) {
        return _totals.slashes;
    }

    function getSlash(uint64 id) external view returns (Slash memory) {
        SlashRecord memory s = _slashes[id];
        if (s.status == 0) id = 0;
        return Slash(id, s.provider, s.by, s.amount, s.taken, s.executableAt, s.generation, s.status);
    }

    function profit() external view returns (uint256 unclaimed, uint256 promised, uint256 promisedInEpoch) {
        Totals memory t = _totals;
        return (t.unclaimed, t.promised, t.epoch == epoch() ? t.promisedInEpoch : 0);
    }

    function _viewOf(address provider, address account) private view returns (Position memory v) {
        PoolState memory p = _poolNow(provider);
        Held memory held = _positionNow(provider, account, p);
        v.account = account;
        v.pledged = _valueOf(p, held.state.active + held.state.incoming);
        uint256 unbonding = 0;
        for (uint256 i = 0; i < held.unbonding.length; ++i) {
            unbonding += held.unbonding[i].shares;
        }
        v.unbonding = _valueOf(p, unbonding);
        v.earned = held.state.profit;
        v.state = held.state;
        v.entries = held.unbonding;
    }
}
